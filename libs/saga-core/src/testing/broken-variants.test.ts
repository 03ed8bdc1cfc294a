/** The checker is checked: each promise is broken on purpose, in the code that keeps it, and the simulation must notice. */
import type { Decision } from '../engine/transition.js';
import type { SagaEvent } from '../engine/event.js';
import type { SagaInstance } from '../engine/instance.js';
import type * as TransitionModule from '../engine/transition.js';
import type * as BarrierModule from '../participant/barrier.js';
import type * as BrokerModule from './simulated-broker.js';
import type * as FixtureModule from './order-scenario.fixture.js';
import type * as InboxModule from './memory-inbox-store.js';
import type * as MemoryModule from './memory-transaction.js';
import type * as SimulateModule from './simulate.js';

const EFFECTS_TABLE = 'observed effects';

type AnyDecision = Decision<unknown, unknown>;
type Transition = (definition: never, instance: SagaInstance, event: SagaEvent, now: number) => AnyDecision;

/** Replaces the transition by one that is wrong. */
function withTransition(wrong: (real: Transition) => Transition): void {
  jest.doMock('../engine/transition.js', () => {
    const actual = jest.requireActual<typeof TransitionModule>('../engine/transition.js');
    return { ...actual, transition: wrong(actual.transition) };
  });
}

/** Goes on as if the undo that a decision asks for had been answered. */
function withoutAwaiting(
  real: Transition,
  applies: (before: SagaInstance, after: SagaInstance) => boolean,
): Transition {
  return (definition, instance, event, now) => {
    const decision = real(definition, instance, event, now);
    const { awaited } = decision.instance;
    if (decision.next?.type !== 'send' || awaited?.direction !== 'undo' || !applies(instance, decision.instance))
      return decision;
    const { commandId } = decision.next.command;
    const reply = { type: 'reply', commandId, outcome: { kind: 'success', reply: {} }, redelivered: false } as const;
    const skipped = real(definition, decision.instance, reply, now);
    return { ...skipped, history: [...decision.history, ...skipped.history] };
  };
}

const variants: [string, () => void][] = [
  [
    'a reply counts for whatever is awaited',
    () =>
      withTransition((real) => (definition, instance, event, now) => {
        const { awaited } = instance;
        const forged =
          event.type === 'reply' && awaited ? { ...event, commandId: `${instance.id}:${awaited.sequence}` } : event;
        return real(definition, instance, forged, now);
      }),
  ],
  ['an undo is not awaited', () => withTransition((real) => withoutAwaiting(real, () => true))],
  [
    'a step that timed out is not undone',
    () =>
      withTransition((real) =>
        withoutAwaiting(
          real,
          (before, after) => after.failure?.code === 'REPLY_TIMEOUT' && before.awaited?.step === after.awaited?.step,
        ),
      ),
  ],
  [
    'a resend gets a new identity',
    () =>
      withTransition((real) => (definition, instance, event, now) => {
        const { awaited } = instance;
        if (event.type !== 'deadline' || awaited?.state !== 'sent' || awaited.until === null || awaited.until > now)
          return real(definition, instance, event, now);
        const sequence = instance.sequence + 1;
        return real(definition, { ...instance, sequence, awaited: { ...awaited, sequence } }, event, now);
      }),
  ],
  [
    'deadlines are forgotten',
    () =>
      withTransition((real) => (definition, instance, event, now) => {
        const { instance: next, ...rest } = real(definition, instance, event, now);
        return { ...rest, instance: { ...next, awaited: next.awaited && { ...next.awaited, until: null } } };
      }),
  ],
  [
    'there is no barrier',
    () =>
      jest.doMock('../participant/barrier.js', () => ({
        ...jest.requireActual<typeof BarrierModule>('../participant/barrier.js'),
        verdictsOf: (commands: readonly unknown[]) => commands.map(() => ({ run: true })),
      })),
  ],
  [
    'an undo does not bar its action',
    () =>
      jest.doMock('./memory-inbox-store.js', () => {
        const actual = jest.requireActual<typeof InboxModule>('./memory-inbox-store.js');
        const memoryInboxStore: typeof actual.memoryInboxStore = (database, faults) => ({
          transaction: (work) =>
            actual.memoryInboxStore(database, faults).transaction((session) =>
              work({
                ...session,
                claim: async (claims) => {
                  const states = await session.claim(claims);
                  const bars = claims.filter(({ as }, index) => as === 'barred' && states[index]!.type === 'claimed');
                  await session.release(bars.map(({ identity }) => identity));
                  return states;
                },
              }),
            ),
        });
        return { memoryInboxStore };
      }),
  ],
  [
    'an effect is not in the transaction of its inbox entry',
    () =>
      jest.doMock('./memory-transaction.js', () => {
        const actual = jest.requireActual<typeof MemoryModule>('./memory-transaction.js');
        class Leaky extends actual.MemoryTransaction {
          override set(table: string, key: string, value: unknown): void {
            super.set(table, key, value);
            if (table === EFFECTS_TABLE) this.keep();
          }
        }
        class LeakyDatabase extends actual.MemoryDatabase {
          protected override begin(): Leaky {
            return new Leaky(this.tables);
          }
        }
        return { ...actual, MemoryTransaction: Leaky, MemoryDatabase: LeakyDatabase };
      }),
  ],
];

const REPLACED = [
  '../engine/transition.js',
  '../participant/barrier.js',
  './simulated-broker.js',
  './memory-inbox-store.js',
  './memory-transaction.js',
];

const play = (runs: number) => {
  const { simulate } = jest.requireActual<typeof SimulateModule>('./simulate.js');
  const { orderSaga, participants, data } = jest.requireActual<typeof FixtureModule>('./order-scenario.fixture.js');
  return simulate(orderSaga, participants, { runs, seed: 1, data });
};

describe('the simulation', () => {
  afterEach(() => {
    for (const replaced of REPLACED) jest.dontMock(replaced);
    jest.resetModules();
  });

  it.each(variants)('notices when %s', async (_name, breakIt) => {
    jest.resetModules();
    breakIt();
    const { failure } = await play(300);
    expect(failure).toMatchObject({
      violations: expect.not.arrayContaining([expect.stringContaining('the code threw')]) as string[],
    });
  });

  it('sees that a message which was acknowledged too early is made up for by the deadline', async () => {
    jest.resetModules();
    jest.doMock('./simulated-broker.js', () => {
      const actual = jest.requireActual<typeof BrokerModule>('./simulated-broker.js');
      class Forgetful extends actual.SimulatedBroker {
        override redeliver(): void {
          // It was acknowledged long ago.
        }
      }
      return { ...actual, SimulatedBroker: Forgetful };
    });
    expect((await play(100)).failure).toBeNull();
  });
});
