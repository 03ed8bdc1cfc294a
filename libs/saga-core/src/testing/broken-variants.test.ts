/**
 * The checker is checked: each promise is broken on purpose, in the code that keeps it, and the simulation must notice.
 */
import type { SagaEvent } from '../engine/event.js';
import type { HistoryType } from '../engine/history.js';
import type * as DataModule from '../engine/saga-data.js';
import type { CommandToSend } from '../contract/command-message.js';
import { commandMessage } from '../contract/command-message.js';
import type * as SaverModule from '../orchestrator/instance-saver.js';
import type { SagaChange, SagaStore } from '../orchestrator/saga-store.js';
import type * as BarrierModule from '../participant/barrier.js';
import type * as ClockModule from '../store/database-clock.js';
import type { Transport } from '../transport/transport.js';
import {
  broken,
  playUntilBroken,
  repair,
  withInbox,
  withLeaky,
  withoutAwaiting,
  withTransition,
  type Transition,
} from './broken.fixture.js';
import type * as SagaStoreModule from './memory-saga-store.js';
import type { MemoryTransaction } from './memory-transaction.js';
import type * as BrokerModule from './simulated-broker.js';

/** The transition with its events replaced. */
const withEvents = (replace: (event: SagaEvent, ...given: Parameters<Transition>) => SagaEvent): void =>
  withTransition(
    (real) =>
      (...given) =>
        real(given[0], given[1], replace(given[2], ...given), given[3]),
  );

/** @returns changes as if they were made to the version that is saved, whichever it is */
const unfenced = (tx: MemoryTransaction, changes: readonly SagaChange[]): SagaChange[] => {
  const { instanceIn } = jest.requireActual<typeof SagaStoreModule>('./memory-saga-store.js');
  return changes.map((change) => ({
    ...change,
    instance: { ...change.instance, version: instanceIn(tx, change.instance.id)!.version + 1 },
  }));
};

const savingUnfenced =
  (store: SagaStore<MemoryTransaction>): SagaStore<MemoryTransaction>['saveUnlocked'] =>
  async (changes) => {
    await store.transaction((session) => session.save(unfenced(session.tx, changes)));
    return new Set(changes.map(({ instance }) => instance.id));
  };

/** A store that saves what a process remembers of a saga, even if another one has saved it since. */
const withUnfencedCache = (): void => withStore((real) => ({ saveUnlocked: savingUnfenced(real) }));

/** A store in which two processes read the same version of a saga: no lock keeps them apart. */
function withoutLocks(fenced: boolean): void {
  jest.doMock('./memory-saga-store.js', () => {
    const actual = jest.requireActual<typeof SagaStoreModule>('./memory-saga-store.js');
    const memorySagaStore: typeof actual.memorySagaStore = (database, ...given) => {
      const real = actual.memorySagaStore(database, ...given);
      return {
        ...real,
        saveUnlocked: fenced ? real.saveUnlocked : savingUnfenced(real),
        transaction: async (work) => {
          const tx = database.peek();
          const before = new Map(actual.sagaRows(tx).map(({ id }) => [id, actual.instanceIn(tx, id)!]));
          const asRead = <Item extends { id: string }>(instances: readonly Item[]) =>
            instances.flatMap(({ id }) => before.get(id) ?? []);
          // The process may stand still here, in the middle of its work.
          return real.transaction((session) =>
            work({
              ...session,
              lock: async (ids) => {
                const { now, instances } = await session.lock(ids);
                return { now, instances: asRead(instances) };
              },
              lockDue: async (...given) => {
                const { now, instances } = await session.lockDue(...given);
                return { now, instances: asRead(instances) };
              },
              save: (changes) => session.save(fenced ? changes : unfenced(session.tx, changes)),
              saveLast: (changes, decidedAt) =>
                fenced ? session.saveLast(changes, decidedAt) : session.save(unfenced(session.tx, changes)),
            }),
          );
        },
      };
    };
    return { ...actual, memorySagaStore };
  });
}

/** A process that takes whatever it hears for the time that has passed. */
function believingTheClock(): void {
  jest.doMock('../store/database-clock.js', () => {
    const actual = jest.requireActual<typeof ClockModule>('../store/database-clock.js');
    class Credulous extends actual.DatabaseClock {
      private answers = 0;
      override hear({ wall, shift }: ClockModule.ClockSample, askedAt: number): number {
        // As if somebody had put it right each time.
        return super.hear({ wall, shift: shift + ++this.answers / 1e6 }, askedAt);
      }
    }
    return { DatabaseClock: Credulous };
  });
}

/** A store that is wrong in some of what it does. */
function withStore(wrong: (real: SagaStore<MemoryTransaction>) => Partial<SagaStore<MemoryTransaction>>): void {
  jest.doMock('./memory-saga-store.js', () => {
    const actual = jest.requireActual<typeof SagaStoreModule>('./memory-saga-store.js');
    const memorySagaStore: typeof actual.memorySagaStore = (...given) => {
      const real = actual.memorySagaStore(...given);
      return { ...real, ...wrong(real) };
    };
    return { ...actual, memorySagaStore };
  });
}

/** An orchestrator that publishes what it decided before the decision is committed. */
function publishingFirst(): void {
  let transport: Transport;
  jest.doMock('./simulated-broker.js', () => {
    const actual = jest.requireActual<typeof BrokerModule>('./simulated-broker.js');
    class Known extends actual.SimulatedBroker {
      override transportFor(...given: Parameters<BrokerModule.SimulatedBroker['transportFor']>) {
        // Inside a transaction nobody stands still: the others would wait for its locks.
        if (given[0].name.startsWith('orchestrator'))
          transport = super.transportFor({ ...given[0], reach: () => Promise.resolve() });
        return super.transportFor(...given);
      }
    }
    return { ...actual, SimulatedBroker: Known };
  });
  jest.doMock('../orchestrator/instance-saver.js', () => {
    const actual = jest.requireActual<typeof SaverModule>('../orchestrator/instance-saver.js');
    const { prototype } = actual.InstanceSaver;
    const { save } = prototype;
    prototype.save = async function (...given) {
      const advanced = await save.apply(this, given);
      await transport.publish(advanced.commands.map((command: CommandToSend) => commandMessage(command)));
      return { ...advanced, commands: [] };
    };
    return actual;
  });
}

/** Leaves entries out of the history. */
const without = (type: HistoryType): void =>
  withTransition((real) => (...given) => {
    const decision = real(...given);
    return { ...decision, history: decision.history.filter((entry) => entry.type !== type) };
  });

/** What is broken, the most schedules until it must be noticed, and how to break it. */
const variants: [string, number, () => void][] = [
  [
    'a reply counts for whatever is awaited',
    20,
    () =>
      withEvents((event, _definition, { id, awaited }) =>
        event.type === 'reply' && awaited
          ? { ...event, commandId: `${id}:${awaited.sequence}`, task: awaited.name, attempt: awaited.attempt }
          : event,
      ),
  ],
  [
    'a reply counts whatever its task',
    100,
    () =>
      withEvents((event, _definition, { awaited }) =>
        event.type === 'reply' && awaited ? { ...event, task: awaited.name } : event,
      ),
  ],
  [
    'an error that comes twice counts twice while the command pauses',
    60,
    () =>
      withTransition((real) => (definition, instance, event, now) => {
        const { awaited } = instance;
        const isError = event.type === 'reply' && event.outcome.kind === 'error';
        return isError && awaited?.state === 'pausing'
          ? real(
              definition,
              { ...instance, awaited: { ...awaited, state: 'sent' } },
              { ...event, attempt: awaited.attempt },
              now,
            )
          : real(definition, instance, event, now);
      }),
  ],
  [
    'an error that comes twice counts twice once the command was sent again',
    200,
    () =>
      withEvents((event, _definition, { awaited }) =>
        event.type === 'reply' && awaited ? { ...event, attempt: awaited.attempt } : event,
      ),
  ],
  [
    'data is used as a step gave it, and not as it is saved',
    20,
    () =>
      jest.doMock('../engine/saga-data.js', () => ({
        ...jest.requireActual<typeof DataModule>('../engine/saga-data.js'),
        withChanges: (_definition: unknown, data: object, changes: object | undefined) => ({
          data: changes ? Object.freeze({ ...data, ...changes }) : data,
          change: null,
        }),
      })),
  ],
  ['an undo is not awaited', 60, () => withTransition((real) => withoutAwaiting(real, () => true))],
  [
    'a step that timed out is not undone',
    100,
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
    60,
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
    20,
    () =>
      withTransition((real) => (...given) => {
        const { instance: next, ...rest } = real(...given);
        return { ...rest, instance: { ...next, awaited: next.awaited && { ...next.awaited, until: null } } };
      }),
  ],
  [
    "deadlines go by the process's own clock",
    20,
    () => withTransition((real) => (definition, instance, event) => real(definition, instance, event, Date.now())),
  ],
  ["the database's clock is believed whatever it shows", 60, believingTheClock],
  [
    "nobody makes a jump of the database's clock good",
    60,
    () => withStore(() => ({ absorbClockJump: async () => null })),
  ],
  [
    'a stuck saga ends silently',
    60,
    () =>
      withTransition((real) => (...given) => {
        const decision = real(...given);
        if (decision.instance.status !== 'stuck') return decision;
        const history = decision.history.filter(({ type }) => type !== 'stuck');
        return {
          next: null,
          history: [...history, { type: 'completed' }],
          instance: { ...decision.instance, status: 'completed', awaited: null },
        };
      }),
  ],
  [
    'a saga turns back after its pivot',
    100,
    () =>
      withTransition((real) => (definition, ...given) => {
        const steps = definition.steps.map((step) =>
          step.kind === 'retriable' ? { ...step, kind: 'compensatable' as const } : step,
        );
        return real({ ...definition, steps }, ...given);
      }),
  ],
  ['a resend is not in the history', 20, () => without('command_resent')],
  ['a command is published before the saga that awaits it is committed', 60, publishingFirst],
  ['two orchestrators save the same version of a saga', 200, () => withoutLocks(false)],
  ['an orchestrator saves a saga as it remembers it, whatever others have saved', 60, withUnfencedCache],
  [
    'there is no barrier',
    20,
    () =>
      jest.doMock('../participant/barrier.js', () => ({
        ...jest.requireActual<typeof BarrierModule>('../participant/barrier.js'),
        barrierDecisions: (commands: readonly unknown[]) => commands.map(() => ({ run: true })),
      })),
  ],
  [
    'an undo does not bar its action',
    200,
    () =>
      withInbox((session) => ({
        claim: async (claims) => {
          const states = await session.claim(claims);
          const bars = claims.filter(({ as }, index) => as === 'barred' && states[index]!.type === 'claimed');
          await session.release(bars.map(({ identity }) => identity));
          return states;
        },
      })),
  ],
  ['an effect is not in the transaction of its reply', 20, () => withLeaky('observed effects')],
  ['a reply is not in the transaction of its effect', 60, () => withLeaky('inbox')],
  [
    'a participant forgets its replies',
    20,
    () => withInbox((session) => ({ answer: (answers) => session.release(answers.map(({ identity }) => identity)) })),
  ],
];

afterEach(repair);

it.each(variants)('the simulation notices when %s', async (name, most, breakIt) => {
  broken(breakIt);
  const played = await playUntilBroken(most);
  const { violations } = played.at(-1)!;
  const why = `noticed in schedule ${played.length} of at most ${most}: ${violations[0]}`;
  if (process.env.SHOW_STORY) process.stdout.write(`${name}: ${why}\n`);
  expect(violations).not.toEqual([]);
  expect(violations).not.toContainEqual(expect.stringContaining('the code threw'));
});

it('sees that the version alone keeps two orchestrators apart where no lock does', async () => {
  broken(() => withoutLocks(true));
  expect((await playUntilBroken(200)).flatMap(({ violations }) => violations)).toEqual([]);
});
