/**
 * Advances a set of instances in one transaction. Invariant kept here: one input, one commit; the new state, its history, the awaited command with its
 * deadline and what local steps write are saved together, and what is to be published is only returned.
 */
import type { CommandToSend } from '../contract/command-message.js';
import { isRefusal, type Outcome } from '../contract/outcome.js';
import type { SagaDefinition } from '../definition/saga.js';
import type { LocalAction, LocalInput } from '../definition/step.js';
import type { SagaEvent } from '../engine/event.js';
import { addEntries, type HistoryEntry } from '../engine/history.js';
import { groupBy } from '../engine/group-by.js';
import { awaitedCommandId, type SagaInstance } from '../engine/instance.js';
import { runHandler, type Care, type Handled, type HandlerSession } from '../engine/run-handler.js';
import type { SagaChange } from '../engine/saga-store.js';
import { transition } from '../engine/transition.js';
import { messageOf, type FailureCode } from '../errors.js';
import { isTransient } from '../store/database-errors.js';

/** An instance and what happened to it, in order. */
export interface AdvanceInput<Tx> {
  readonly definition: SagaDefinition<unknown, Tx>;
  readonly instance: SagaInstance;
  readonly events: readonly SagaEvent[];
}

export interface Advanced {
  /** To be saved in this transaction; instances to which nothing happened are left out. */
  readonly changes: readonly SagaChange[];
  /** To be published after the commit. */
  readonly commands: readonly CommandToSend[];
}

/** Runs local steps for a set of inputs. */
type RunLocal<Tx> = (
  action: LocalAction<unknown, Tx>,
  inputs: readonly LocalInput<unknown>[],
) => Promise<Handled<unknown>[]>;

class Item<Tx> {
  instance: SagaInstance;
  readonly history: HistoryEntry[] = [];
  command: CommandToSend | null = null;
  local: LocalAction<unknown, Tx> | null = null;
  private readonly events: SagaEvent[];
  private readonly before: SagaInstance;
  private readonly definition: SagaDefinition<unknown, Tx>;
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

  change(): SagaChange {
    const { instance, history, before } = this;
    return {
      instance: { ...instance, version: instance.version + 1 },
      history,
      keepsData: before.version > 0 && instance.data === before.data,
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

/**
 * Advances instances as far as it goes without a transaction.
 *
 * @param now - milliseconds since the epoch, by the database's clock
 * @returns null when a local step has to run: then nothing has happened, and {@link advance} does all
 */
export function advanceWithoutLocal<Tx>(inputs: readonly AdvanceInput<Tx>[], now: number): Advanced | null {
  const items = inputs.map((input) => new Item(input, now));
  return items.some((item) => item.local !== null) ? null : advancedOf(items);
}

/**
 * @param session - the transaction; local steps write through it
 * @param now - milliseconds since the epoch, by the database's clock
 */
export async function advance<Tx>(
  session: HandlerSession<Tx>,
  inputs: readonly AdvanceInput<Tx>[],
  now: number,
  care: Care,
): Promise<Advanced> {
  return advanceWith(inputs, now, (action, set) =>
    runHandler(session, action.handle, set, { care, keepsNothing: isRefusal, isFatal: isTransient }),
  );
}

/** The same at a start, where the caller's transaction fails as a whole when a local step throws. */
export async function advanceStart<Tx>(tx: Tx, inputs: readonly AdvanceInput<Tx>[], now: number): Promise<Advanced> {
  return advanceWith(inputs, now, async ({ handle }, set) => {
    const answers: unknown[] = [];
    if (typeof handle !== 'function') answers.push(...(await handle.handleSet(tx, set)));
    else for (const input of set) answers.push(await handle(tx, input));
    return answers.map((answer) => ({ answer }));
  });
}

async function advanceWith<Tx>(
  inputs: readonly AdvanceInput<Tx>[],
  now: number,
  runLocal: RunLocal<Tx>,
): Promise<Advanced> {
  const items = inputs.map((input) => new Item(input, now));
  for (;;) {
    const paused = items.filter((item) => item.local !== null);
    if (paused.length === 0) return advancedOf(items);
    for (const [action, set] of groupBy(paused, (item) => item.local!)) {
      const handled = await runLocal(action, set.map(localInput));
      set.forEach((item, index) => item.localRan(outcomeOf(handled[index]!)));
    }
  }
}

function advancedOf<Tx>(items: readonly Item<Tx>[]): Advanced {
  const moved = items.filter((item) => item.history.length > 0);
  return {
    changes: moved.map((item) => item.change()),
    // An input may have made an earlier command of the same set obsolete.
    commands: moved.flatMap(({ command, instance }) =>
      command?.commandId === awaitedCommandId(instance) ? [command] : [],
    ),
  };
}

const localInput = <Tx>({ instance }: Item<Tx>): LocalInput<unknown> => ({
  sagaId: instance.id,
  data: instance.data,
  failure: instance.failure,
});

function outcomeOf(handled: Handled<unknown>): Outcome {
  if ('thrown' in handled)
    return { kind: 'error', code: 'LOCAL_STEP_FAILED' satisfies FailureCode, message: messageOf(handled.thrown) };
  return isRefusal(handled.answer) ? handled.answer : { kind: 'success', reply: handled.answer };
}
