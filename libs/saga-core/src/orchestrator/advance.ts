/**
 * Starts and advances instances, a batch of them in one transaction. Invariant kept here: one input, one commit; the
 * new state, its history, the awaited command with its deadline and what local steps write are saved together, and what
 * is to be published is only returned.
 */
import { asSaved } from '../contract/as-saved.js';
import type { CommandToSend } from '../contract/command-message.js';
import { withCheckedAnswers } from '../contract/handler.js';
import { isRefusal, type Outcome } from '../contract/outcome.js';
import type { SagaDefinition } from '../definition/saga.js';
import type { AnyLocalAction, LocalInput } from '../definition/step.js';
import type { SagaEvent } from '../engine/event.js';
import { addEntries, type HistoryEntry } from '../engine/history.js';
import { groupBy } from '../util/group-by.js';
import { awaitedCommandId, newInstance, type AwaitedCommand, type SagaInstance } from '../engine/instance.js';
import {
  runHandler,
  TransactionBroken,
  type Handled,
  type HandlerMode,
  type HandlerSession,
} from '../store/run-handler.js';
import type { SagaChange, SagaSession } from './saga-store.js';
import { transition } from '../engine/decide.js';
import { dataAsSaved, withChanges } from '../engine/saga-data.js';
import { failureOf } from '../engine/draft.js';
import { messageOf, SagaError } from '../errors.js';
import { isConflict } from '../store/database-errors.js';
import { sagaIdOf } from './saga-id.js';

/** An instance and what happened to it, in order. */
export interface AdvanceInput<Tx> {
  readonly definition: SagaDefinition<never, Tx>;
  readonly instance: SagaInstance;
  readonly events: readonly SagaEvent[];
}

export interface Advanced {
  /** To be saved in this transaction; instances to which nothing happened are left out. */
  readonly changes: readonly SagaChange[];
  /** To be published after the commit. */
  readonly commands: readonly CommandToSend[];
}

class Item<Tx> {
  instance: SagaInstance;
  readonly history: HistoryEntry[] = [];
  command: CommandToSend | null = null;
  local: AnyLocalAction<never, Tx> | null = null;
  private readonly events: SagaEvent[];
  private readonly before: SagaInstance;
  private readonly definition: SagaDefinition<never, Tx>;
  private readonly now: number;

  constructor({ definition, instance, events }: AdvanceInput<Tx>, now: number) {
    this.definition = definition;
    this.instance = instance;
    this.before = instance;
    this.events = [...events];
    this.now = now;
    this.drain();
  }

  localRan(outcome: Outcome): void {
    this.local = null;
    this.events.unshift({ type: 'local-outcome', outcome });
    this.drain();
  }

  /**
   * @returns what a local step answers, as it will be used.
   * @throws what makes it of no use: its writes must not stay then
   */
  checked<Answer>(answer: Answer): Answer {
    const { instance, definition } = this;
    if (isRefusal(answer)) return asSaved(answer);
    if (instance.awaited?.direction === 'action') withChanges(definition, instance.data, answer);
    else asSaved(answer);
    return answer;
  }

  change(): SagaChange {
    const { instance, history, before } = this;
    return {
      instance: { ...instance, version: instance.version + 1 },
      history,
      decidedAt: this.now,
      keepsData: before.version > 0 && instance.data === before.data,
      keepsDeadline: before.version > 0 && waitsStill(before.awaited, instance.awaited),
    };
  }

  /** Takes events until there is none, or a local step has to run first. */
  private drain(): void {
    while (!this.local && this.events.length > 0) {
      const { instance, history, next } = transition(this.definition, this.instance, this.events.shift()!, this.now);
      this.instance = instance;
      addEntries(this.history, history);
      if (next?.type === 'send') this.command = next.command;
      if (next?.type === 'local') this.local = next.action;
    }
  }
}

/** Instances that have advanced as far as it goes without a transaction. One that is run is used up. */
export class AdvancingBatch<Tx> {
  /** Only for {@link advance}. */
  readonly items: readonly Item<Tx>[];

  /** @param now - milliseconds since the epoch, by the sagas' clock */
  constructor(inputs: readonly AdvanceInput<Tx>[], now: number) {
    this.items = inputs.map((input) => new Item(input, now));
  }

  /** What comes of it; null while a local step has to run, and {@link advance} does that. */
  get result(): Advanced | null {
    return this.items.some((item) => item.local !== null) ? null : advancedOf(this.items);
  }
}

/** How local steps run. */
export interface LocalOptions {
  readonly mode: HandlerMode;
  /** How long one may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Set where local steps are not to run: each fails with this. */
  readonly failure?: { readonly thrown: unknown };
}

/**
 * Runs the local steps of a batch, and advances it to its end.
 *
 * @param session - the transaction; local steps write through it
 * @returns what is to be saved, and the ids of instances whose local step threw beside others: nothing of them is kept,
 *   and they are to be advanced alone
 */
export async function advance<Tx>(
  session: HandlerSession<Tx>,
  { items }: AdvancingBatch<Tx>,
  { mode, timeoutMs, failure }: LocalOptions,
): Promise<Advanced & { readonly suspects: readonly string[] }> {
  const suspects = new Set<Item<Tx>>();
  await runLocals(items, async (action, inputs, batch) => {
    if (failure) return batch.map(() => failure);
    const handled = await runHandler(session, action.handle, inputs, {
      mode,
      timeoutMs,
      keepsNothing: isRefusal,
    }).catch((error: unknown) => {
      if (error instanceof TransactionBroken) error.suspect = (error.suspect as LocalInput<never> | null)?.sagaId;
      throw error;
    });
    return handled.map((each, index) => {
      if (!('thrown' in each)) return each;
      if (items.length === 1 && isConflict(each.thrown)) throw each.thrown;
      if (items.length > 1) suspects.add(batch[index]!);
      return each;
    });
  });
  const kept = items.filter((item) => !suspects.has(item));
  return { ...advancedOf(kept), suspects: [...suspects].map(({ instance }) => instance.id) };
}

/** A saga instance to start. */
export interface NewSaga<Data> {
  /** A UUIDv7 of the caller's making; it is known in lower case. */
  readonly id: string;
  readonly data: Data;
  /** W3C trace context, passed on in every command. */
  readonly traceparent?: string;
}

/**
 * Starts instances in the session's transaction: their leading local steps run, they are saved, and they are returned
 * with their first commands for the time after the commit.
 *
 * @param now - milliseconds since the epoch, by the sagas' clock
 * @throws {SagaError} INVALID_SAGA_ID, INVALID_SAGA_DATA, START_REFUSED when a local step refuses, START_FAILED when
 *   one throws, DUPLICATE_SAGA. The caller rolls back.
 */
export async function startSagas<Data, Tx>(
  session: SagaSession<Tx>,
  definition: SagaDefinition<Data, Tx>,
  sagas: readonly NewSaga<Data>[],
  now: number,
): Promise<Advanced> {
  const ids = sagas.map(({ id }) => sagaIdOf(id));
  const inputs = sagas.map(({ data, traceparent }, index) => ({
    definition,
    instance: newInstance(definition, ids[index]!, dataAsSaved(definition, data), traceparent ?? null),
    events: [{ type: 'started' } as const],
  }));
  const advanced = await advanceStart(session.tx, inputs, now);
  const refused = advanced.changes.find(({ instance }) => instance.failure !== null);
  if (refused)
    throw new SagaError(
      'START_REFUSED',
      `${refused.instance.failure!.step} refused: ${refused.instance.failure!.message}`,
    );
  await session.insert(advanced.changes);
  return advanced;
}

/**
 * {@link advance} at a start, in the caller's transaction, which fails as a whole when a local step throws.
 *
 * @throws {SagaError} START_FAILED, with what a local step threw as its cause
 */
async function advanceStart<Tx>(tx: Tx, inputs: readonly AdvanceInput<Tx>[], now: number): Promise<Advanced> {
  const { items } = new AdvancingBatch(inputs, now);
  await runLocals(items, async ({ name, handle }, locals) => {
    const answers: unknown[] = [];
    try {
      if (typeof handle !== 'function') answers.push(...(await handle.handleBatch(tx, locals)));
      else for (const local of locals) answers.push(await handle(tx, local));
    } catch (thrown) {
      throw new SagaError('START_FAILED', `${name} threw: ${messageOf(thrown)}`, { cause: thrown });
    }
    return answers.map((answer) => ({ answer }));
  });
  return advancedOf(items);
}

/** Runs the local steps of items, each kind together, until none is left. */
async function runLocals<Tx>(
  items: readonly Item<Tx>[],
  run: (
    action: AnyLocalAction<never, Tx>,
    inputs: readonly LocalInput<never>[],
    batch: readonly Item<Tx>[],
  ) => Promise<readonly Handled<unknown>[]>,
): Promise<void> {
  for (;;) {
    const paused = items.filter((item) => item.local !== null);
    if (paused.length === 0) return;
    for (const [action, batch] of groupBy(paused, (item) => item.local!)) {
      const inputs = batch.map(localInput);
      const itemOf = new Map(inputs.map((input, index) => [input, batch[index]!]));
      const handle = withCheckedAnswers(action.handle, (input, answer) => itemOf.get(input)!.checked(answer));
      const handled = await run({ ...action, handle }, inputs, batch);
      batch.forEach((item, index) => item.localRan(outcomeOf(handled[index]!)));
    }
  }
}

function advancedOf<Tx>(items: readonly Item<Tx>[]): Advanced {
  const moved = items.filter((item) => item.history.length > 0);
  return {
    changes: moved.map((item) => item.change()),
    // An input may have made an earlier command of the same batch obsolete.
    commands: moved.flatMap(({ command, instance }) =>
      command?.commandId === awaitedCommandId(instance) ? [command] : [],
    ),
  };
}

/**
 * @returns whether it is the same attempt of the same command that is waited for. Its time may be the same without
 * that, where two inputs were decided at once.
 */
const waitsStill = (before: AwaitedCommand | null, after: AwaitedCommand | null): boolean =>
  before !== null &&
  after !== null &&
  (['sequence', 'attempt', 'state', 'until'] as const).every((key) => before[key] === after[key]);

const localInput = <Tx>({ instance }: Item<Tx>): LocalInput<never> => ({
  sagaId: instance.id,
  // Whatever it is, it is what the instance's own definition takes.
  data: instance.data as never,
  failure: instance.failure,
});

function outcomeOf(handled: Handled<unknown>): Outcome {
  if ('thrown' in handled) return { kind: 'error', ...failureOf('LOCAL_STEP_FAILED', messageOf(handled.thrown)) };
  return isRefusal(handled.answer) ? handled.answer : { kind: 'success', reply: handled.answer };
}
