/**
 * Breaks the code on purpose, for the tests of the checker: modules are replaced by ones that are wrong in one place.
 */
import type { SagaDefinition } from '../definition/saga.js';
import type { SagaEvent } from '../engine/event.js';
import type { SagaInstance } from '../engine/instance.js';
import type { Decision } from '../engine/decide.js';
import type * as DecideModule from '../engine/decide.js';
import type * as FaultsModule from './faults.js';
import type { Faults } from './faults.js';
import type * as InboxModule from './memory-inbox-store.js';
import type * as MemoryModule from './memory-transaction.js';
import type { MemoryTransaction } from './memory-transaction.js';
import type * as ScenarioModule from './order-scenario.fixture.js';
import type * as PlayModule from './play.js';
import type { Played } from './play.js';
import type * as ShrinkModule from './shrink.js';
import type * as PlanModule from './plan.js';
import type { Scenario } from './plan.js';
import type { InboxSession } from '../participant/inbox-store.js';

export type AnyDecision = Decision<unknown, unknown>;
export type Transition = (
  definition: SagaDefinition,
  instance: SagaInstance,
  event: SagaEvent,
  now: number,
) => AnyDecision;

const REPLACED = [
  '../participant/command-observer.js',
  '../store/run-handler.js',
  '../store/database-errors.js',
  '../store/bisect-batch.js',
  '../engine/saga-data.js',
  '../engine/decide.js',
  '../orchestrator/command-sender.js',
  '../orchestrator/instance-saver.js',
  '../participant/barrier.js',
  '../store/database-clock.js',
  './memory-inbox-store.js',
  './memory-saga-store.js',
  './memory-transaction.js',
  './simulated-broker.js',
  './simulated-consumer.js',
];

/** Nothing in packages is replaced, and to evaluate their modules again takes longer than most of these tests. */
const PACKAGES = ['@sinclair/typebox', '@sinclair/typebox/compiler', '@sinclair/typebox/errors', 'pino'].map(
  (name) => [name, jest.requireActual<object>(name)] as const,
);

/** Loads all modules of ours anew, with those replaced that `breakIt` replaces. */
export function broken(breakIt: () => void): void {
  jest.resetModules();
  for (const [name, evaluated] of PACKAGES) jest.doMock(name, () => evaluated);
  breakIt();
}

/** Takes all replacements back. */
export function repair(): void {
  for (const replaced of REPLACED) jest.dontMock(replaced);
  jest.resetModules();
}

/** Replaces the transition by one that is wrong. */
export function withTransition(wrong: (real: Transition) => Transition): void {
  jest.doMock('../engine/decide.js', () => {
    const actual = jest.requireActual<typeof DecideModule>('../engine/decide.js');
    return { ...actual, transition: wrong(actual.transition as Transition) };
  });
}

/** Replaces what one transaction of the inbox can do. */
export function withInbox(
  wrong: (session: InboxSession<MemoryTransaction>) => Partial<InboxSession<MemoryTransaction>>,
): void {
  jest.doMock('./memory-inbox-store.js', () => {
    const actual = jest.requireActual<typeof InboxModule>('./memory-inbox-store.js');
    const memoryInboxStore: typeof actual.memoryInboxStore = (database, faults) => ({
      ...actual.memoryInboxStore(database, faults),
      transaction: (work) =>
        actual.memoryInboxStore(database, faults).transaction((session) => work({ ...session, ...wrong(session) })),
    });
    return { memoryInboxStore };
  });
}

/** Has writes to one table stay when their transaction is rolled back. */
export function withLeaky(table: string): void {
  jest.doMock('./memory-transaction.js', () => {
    const actual = jest.requireActual<typeof MemoryModule>('./memory-transaction.js');
    class Leaky extends actual.MemoryTransaction {
      override set(name: string, key: string, value: unknown): void {
        super.set(name, key, value);
        if (name === table) this.keep();
      }
    }
    class LeakyDatabase extends actual.MemoryDatabase {
      protected override begin(): Leaky {
        return new Leaky(this.tables);
      }
    }
    return { ...actual, MemoryTransaction: Leaky, MemoryDatabase: LeakyDatabase };
  });
}

/** Goes on as if the undo that a decision asks for had been answered. */
export function withoutAwaiting(
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

/**
 * @returns the scenario of the order saga, on the modules as they are now.
 * @param only - the only faults, with orders that nobody refuses; all of both when not given
 */
export function orderScenario(only?: Partial<Faults>): Scenario<never> {
  const { DEFAULT_FAULTS, NO_FAULTS } = jest.requireActual<typeof FaultsModule>('./faults.js');
  const { orderSaga, participants, data } = jest.requireActual<typeof ScenarioModule>('./order-scenario.fixture.js');
  const faults = only ? { ...NO_FAULTS, ...only } : DEFAULT_FAULTS;
  const good = (_random: unknown, number: number) => ({ order: `good ${number}` });
  return {
    saga: orderSaga,
    participants,
    data: only ? good : data,
    locals: {},
    attempts: 3,
    faults,
  } as unknown as Scenario<never>;
}

/** Plays the schedules of seeds 1, 2, … . @returns each as it was played, up to the first that broke a promise */
export async function playUntilBroken(runs: number, scenario = orderScenario()): Promise<Played[]> {
  const { play } = jest.requireActual<typeof PlayModule>('./play.js');
  const { wholePlan } = jest.requireActual<typeof PlanModule>('./plan.js');
  const played: Played[] = [];
  for (let seed = 1; seed <= runs; seed++) {
    played.push(await play(scenario, wholePlan(seed, 3)));
    if (played.at(-1)!.violations.length > 0) break;
  }
  return played;
}

/** @returns the schedule made small, by the modules as they are now */
export function shrunk(scenario: Scenario<never>, failed: Played): Promise<Played> {
  return jest.requireActual<typeof ShrinkModule>('./shrink.js').shrink(scenario, failed);
}
