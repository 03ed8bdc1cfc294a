/**
 * Acknowledging too early, and publishing too often, break no promise: the saga row makes up for them. They cost time
 * and messages, and that can be counted.
 */
import type { HistoryType } from '../engine/history.js';
import { broken, orderScenario, playUntilBroken, repair, withTransition } from './broken.fixture.js';
import type { Faults } from './faults.js';
import type * as BrokerModule from './simulated-broker.js';
import type * as ConsumerModule from './simulated-consumer.js';

/** Nothing that a redelivery would not heal within the time to reply. */
const DEATHS: Partial<Faults> = { crash: 0.02, failBeforeCommit: 0.02, failPublish: 0.03, maxRestartMs: 50 };

function acknowledgingWhenTaken(): void {
  jest.doMock('./simulated-consumer.js', () => {
    const actual = jest.requireActual<typeof ConsumerModule>('./simulated-consumer.js');
    class Hasty extends actual.SimulatedConsumer {
      override take(most: number) {
        const batch = super.take(most);
        this.acknowledge();
        return batch;
      }
    }
    return { ...actual, SimulatedConsumer: Hasty };
  });
}

function acknowledgingWithoutConfirm(): void {
  jest.doMock('./simulated-broker.js', () => {
    const actual = jest.requireActual<typeof BrokerModule>('./simulated-broker.js');
    class Hopeful extends actual.SimulatedBroker {
      override transportFor(...given: Parameters<BrokerModule.SimulatedBroker['transportFor']>) {
        const real = super.transportFor(...given);
        const publish: typeof real.publish = (messages) =>
          real.publish(messages).catch(() => messages.map(() => 'confirmed' as const));
        return { ...real, publish };
      }
    }
    return { ...actual, SimulatedBroker: Hopeful };
  });
}

const takingEveryReplyForRedelivered = (): void =>
  withTransition(
    (real) => (definition, instance, event, now) =>
      real(definition, instance, event.type === 'reply' ? { ...event, redelivered: true } : event, now),
  );

/**
 * @returns how often it stands in the histories. No message goes before a start, so the first command waits for its
 *   deadline by right.
 */
async function count(type: HistoryType, faults: Partial<Faults>): Promise<number> {
  const played = await playUntilBroken(40, orderScenario(faults));
  expect(played.flatMap(({ violations }) => violations)).toEqual([]);
  return played
    .flatMap(({ result }) => result!.sagas.flatMap(({ history }) => history.flatMap(({ entries }) => entries)))
    .filter((entry) => entry.type === type && entry.step !== 'consumers.verify').length;
}

afterEach(repair);

/** Several deaths over the same message can take longer than its step waits. */
const SELDOM = 3;

it('hardly a step waits for its deadline after a death: what was not acknowledged comes again', async () => {
  broken(() => undefined);
  expect(await count('step_timed_out', DEATHS)).toBeLessThanOrEqual(SELDOM);
});

it.each([
  ['before its commit', acknowledgingWhenTaken],
  ['before what it caused was confirmed', acknowledgingWithoutConfirm],
])('steps wait for their deadlines when an input is acknowledged %s', async (_when, breakIt) => {
  broken(breakIt);
  expect(await count('step_timed_out', DEATHS)).toBeGreaterThan(2 * SELDOM);
});

it('a doubled message has nothing published again', async () => {
  broken(() => undefined);
  expect(await count('command_resent', { double: 0.3 })).toBe(0);
});

it('everything after is published again when doubled replies count as redelivered', async () => {
  broken(takingEveryReplyForRedelivered);
  expect(await count('command_resent', { double: 0.3 })).toBeGreaterThan(0);
});
