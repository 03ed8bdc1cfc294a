import { broken, orderScenario, playUntilBroken, repair, shrunk, withInbox } from './broken.fixture.js';
import type * as PlayModule from './play.js';
import type * as SimulateModule from './simulate.js';
import type { Played } from './play.js';

/** The undo is answered, and its action, which comes later, has its effect. */
const undoThatBarsNothing = (): void =>
  withInbox((session) => ({
    claim: async (claims) => {
      const states = await session.claim(claims);
      const bars = claims.filter(({ as }, index) => as === 'barred' && states[index]!.type === 'claimed');
      await session.release(bars.map(({ identity }) => identity));
      return states;
    },
  }));

const play = (played: Played, without: string | null): Promise<Played> =>
  jest.requireActual<typeof PlayModule>('./play.js').play(orderScenario(), {
    ...played.plan,
    allowed: new Set(played.faults.map(({ key }) => key).filter((key) => key !== without)),
  });

beforeAll(() => broken(undoThatBarsNothing));
afterAll(repair);

it('shrinks a failing schedule to one saga and a few faults, of which it takes every one', async () => {
  const scenario = orderScenario();
  const failed = (await playUntilBroken(300, scenario)).at(-1)!;
  const small = await shrunk(scenario, failed);
  expect(small.faults.length).toBeLessThan(failed.faults.length);
  expect(small.faults.length).toBeLessThanOrEqual(4);
  expect(small.plan.sagas).toHaveLength(1);
  expect((await play(small, null)).violations).toEqual(small.violations);
  for (const { key } of small.faults) expect((await play(small, key)).violations).toEqual([]);
}, 60_000);

it('tells the shortest schedule as a story', async () => {
  const { describeFailure, simulate } = jest.requireActual<typeof SimulateModule>('./simulate.js');
  const { saga, participants, data } = orderScenario();
  const { failure } = await simulate(saga, participants, { runs: 300, data });
  const told = describeFailure(failure!);
  if (process.env.SHOW_STORY) process.stdout.write(`${told}\n`);
  expect(failure!.story.length).toBeLessThan(30);
  expect(failure!.story.filter((line) => line.includes(' ms ! '))).toHaveLength(failure!.faults.length);
  expect(told).toMatch(/saga \d is compensated, and \S+ is in force/);
  expect(told).toContain(`{ runs: 1, seed: ${failure!.seed} }`);
  const again = await simulate(saga, participants, { runs: 1, seed: failure!.seed, data });
  expect(again.failure).toEqual({ ...failure, run: 1 });
}, 60_000);
