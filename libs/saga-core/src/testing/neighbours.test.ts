/**
 * One saga whose handlers misbehave again and again, and two beside it: whatever the one does, its neighbours end as if
 * it were not there, within the time that they would have needed. That this is checked is checked too: each way of
 * keeping it is broken on purpose.
 */
import type * as ObserverModule from '../participant/command-observer.js';
import type * as RunHandlerModule from '../store/run-handler.js';
import type * as ErrorsModule from '../store/database-errors.js';
import type * as BisectModule from '../store/bisect-batch.js';
import { broken, orderScenario, repair } from './broken.fixture.js';
import type * as NeighboursModule from './check-neighbours.js';
import { MISBEHAVIOUR_KINDS, misbehave, type Misbehaviour } from './misbehaviour.js';
import type { MemoryTransaction } from './memory-transaction.js';
import type * as PlanModule from './plan.js';
import type { Scenario } from './plan.js';
import type * as PlayModule from './play.js';
import type { SimulatedParticipant } from './simulated-system.js';

type Where = 'a handler' | 'a local step';
const RUNS = 30;
/** More often than a step is tried. Then it stops, or its saga would never end. */
const MISBEHAVES = 16;

const isGuilty = (data: unknown): boolean => (data as { order: string }).order.startsWith('guilty');

/** The order saga in which the handlers, or the local steps, of one order misbehave whenever they run. */
function scenarioOf(kind: Misbehaviour, where: Where): Scenario<never> {
  const scenario = orderScenario({}) as unknown as Scenario<{ order: string }>;
  let left = MISBEHAVES;
  const perhaps = (here: Where, data: unknown, tx: MemoryTransaction): void => {
    if (where === here && isGuilty(data) && left-- > 0) misbehave(kind, tx);
  };
  const misbehaving = (handler: unknown) => async (tx: MemoryTransaction, command: { payload: unknown }) => {
    const answer = await (handler as (...given: unknown[]) => Promise<unknown>)(tx, command);
    perhaps('a handler', command.payload, tx);
    return answer;
  };
  const participants: SimulatedParticipant[] = scenario.participants.map(({ service, handlers }) => ({
    service,
    handlers: Object.fromEntries(Object.entries(handlers).map(([key, handler]) => [key, misbehaving(handler)])),
  }));
  return {
    ...scenario,
    participants,
    data: (_random: unknown, number: number) => ({ order: `${number === 1 ? 'guilty' : 'good'} ${number}` }),
    locals: {
      // Not the first: a start fails alone, in the transaction of its caller.
      approve_order: async (tx: MemoryTransaction, { data }: { data: { order: string } }) =>
        perhaps('a local step', data, tx),
    },
  } as unknown as Scenario<never>;
}

/** @returns how neighbours were harmed, and how the guilty ones ended */
async function play(kind: Misbehaviour, where: Where): Promise<{ harm: string[]; ends: Set<string> }> {
  const { play: playOnce } = jest.requireActual<typeof PlayModule>('./play.js');
  const { wholePlan } = jest.requireActual<typeof PlanModule>('./plan.js');
  const { neighbourViolations } = jest.requireActual<typeof NeighboursModule>('./check-neighbours.js');
  const harm: string[] = [];
  const ends = new Set<string>();
  for (let seed = 1; seed <= RUNS; seed++) {
    const { result, violations } = await playOnce(scenarioOf(kind, where), wholePlan(seed, 3));
    if (!result) return { harm: [...violations], ends };
    harm.push(...neighbourViolations(result, isGuilty));
    const guilty = result.sagas.find(({ instance }) => isGuilty(instance.data))!;
    ends.add(`${guilty.instance.status} ${guilty.instance.lastError?.code}`);
  }
  return { harm, ends };
}

afterEach(repair);

describe.each(['a handler', 'a local step'] as const)('%s', (where) => {
  it.each(MISBEHAVIOUR_KINDS)('that misbehaves (%s) harms no neighbour, and ends where people see it', async (kind) => {
    broken(() => undefined);
    const { harm, ends } = await play(kind, where);
    expect(harm).toEqual([]);
    // Before the pivot it is compensated. After it, it is stuck until the operator's retry succeeds.
    expect([...ends]).toEqual([where === 'a handler' ? 'compensated HANDLER_FAILED' : 'completed LOCAL_STEP_FAILED']);
  });
});

const outage = (): never => {
  throw Object.assign(new Error('simulated: what an item did is taken for an outage'), { code: 'ECONNREFUSED' });
};

/** An error's code is believed, and nobody asks the database. */
const believe = (): void =>
  void jest.doMock('../store/database-errors.js', () => {
    const actual = jest.requireActual<typeof ErrorsModule>('../store/database-errors.js');
    return { ...actual, isOutage: async (error: unknown) => actual.isUnavailable(actual.causeOf(error)) };
  });

/** What is broken, and which misbehaviours show it. */
const variants: [string, readonly Misbehaviour[], () => void][] = [
  ['a lost session is taken for an outage', ['idle'], believe],
  [
    'what a handler throws is taken for an outage',
    ['swallow', 'looksLikeOutage'],
    () => {
      believe();
      jest.doMock('../store/run-handler.js', () => {
        const actual = jest.requireActual<typeof RunHandlerModule>('../store/run-handler.js');
        const runHandler: typeof actual.runHandler = async (...given) => {
          const handled = await actual.runHandler(...given);
          return handled.some((each) => 'thrown' in each) ? outage() : handled;
        };
        return { ...actual, runHandler };
      });
    },
  ],
  [
    'a batch that fails is tried again as a whole',
    ['idle', 'failAtCommit'],
    () =>
      jest.doMock('../store/bisect-batch.js', () => {
        const actual = jest.requireActual<typeof BisectModule>('../store/bisect-batch.js');
        const bisectBatch: typeof actual.bisectBatch = async (batch, { handle }) => ({
          results: [await handle(batch, 1).catch(outage)],
          suspects: [],
        });
        return { ...actual, bisectBatch };
      }),
  ],
  [
    'an observer that throws fails what it is told of',
    ['swallow'],
    () =>
      jest.doMock('../participant/command-observer.js', () => {
        const actual = jest.requireActual<typeof ObserverModule>('../participant/command-observer.js');
        const commandObservers: typeof actual.commandObservers = (observers, logger) => ({
          ...actual.commandObservers(observers, logger),
          handled: () => outage(),
        });
        return { ...actual, commandObservers };
      }),
  ],
];

it.each(variants)('neighbours are seen to be harmed when %s', async (_what, kinds, breakIt) => {
  broken(breakIt);
  for (const kind of kinds) {
    const { harm } = await play(kind, 'a handler');
    expect(harm).not.toEqual([]);
    expect(harm).not.toContainEqual(expect.stringContaining('the code threw'));
  }
});
