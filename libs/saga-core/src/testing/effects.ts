/**
 * Counts effects as an outside observer would: in the same transaction as the effect, but out of the library's sight.
 */
import type { ServiceContract } from '../contract/service.js';
import type { Handler } from '../contract/handler.js';
import { isRefusal } from '../contract/outcome.js';
import type { AnyHandler } from '../participant/command-handlers.js';
import type { ReceivedCommand } from '../participant/received-command.js';
import type { FaultDice } from './faults.js';
import type { MemoryTransaction } from './memory-transaction.js';
import { mayMisbehave } from './misbehaviour.js';
import { describeCommandId, type Tell } from './story.js';

const TABLE = 'observed effects';

/** What was done and undone under one name for one saga. */
export interface Effect {
  readonly sagaId: string;
  /** The action's task, or the local step's name. */
  readonly action: string;
  /** How often each command had its effect, by identity. */
  readonly done: Readonly<Record<string, number>>;
  /** In force now: done later than undone. */
  readonly inForce: boolean;
  /** It was done after it had been undone. */
  readonly cameBack: boolean;
}

const NONE = { done: {}, inForce: false, cameBack: false };

/** Notes that an action had its effect. */
export function noteDone(tx: MemoryTransaction, sagaId: string, action: string, commandId: string): void {
  const key = `${sagaId} ${action}`;
  const before = tx.get<Effect>(TABLE, key);
  const done = { ...before?.done, [commandId]: (before?.done[commandId] ?? 0) + 1 };
  const cameBack = (before?.cameBack ?? false) || (before !== undefined && !before.inForce);
  tx.set(TABLE, key, { sagaId, action, done, inForce: true, cameBack } satisfies Effect);
}

/** Notes that an action was undone, whether or not it had an effect before. */
export function noteUndone(tx: MemoryTransaction, sagaId: string, action: string): void {
  const key = `${sagaId} ${action}`;
  tx.set(TABLE, key, { ...NONE, ...tx.get<Effect>(TABLE, key), sagaId, action, inForce: false });
}

/** @returns all effects that a database has seen */
export function effectsIn(tx: MemoryTransaction): Effect[] {
  return tx.keys(TABLE).map((key) => tx.get<Effect>(TABLE, key)!);
}

/**
 * @param tell - told of each run, for the story
 * @param who - the process
 * @param dice - decides whether a handler misbehaves, after its effect
 * @returns the handlers of a service, each noting its effects
 */
export function observedHandlers(
  service: ServiceContract,
  handlers: Readonly<Record<string, AnyHandler<MemoryTransaction>>>,
  tell: Tell,
  who: string,
  dice: FaultDice,
): Record<string, AnyHandler<MemoryTransaction>> {
  return Object.fromEntries(
    Object.entries(service.commands).map(([key, contract]) => {
      const run = one(handlers[key]!);
      const observed = async (tx: MemoryTransaction, command: ReceivedCommand): Promise<unknown> => {
        tell(who, () => `runs ${command.task} (${describeCommandId(command.commandId)})`);
        const answer = await run(tx, command);
        if (isRefusal(answer)) return answer;
        if (contract.undoes) noteUndone(tx, command.sagaId, contract.undoes.task);
        else noteDone(tx, command.sagaId, contract.task, command.commandId);
        mayMisbehave(dice, tx, who, `${command.task} (${describeCommandId(command.commandId)})`);
        return answer;
      };
      return [key, observed];
    }),
  );
}

/** @returns a handler of one input at a time */
function one<Input, Answer>(
  handler: Handler<MemoryTransaction, Input, Answer>,
): (tx: MemoryTransaction, input: Input) => Promise<Answer> {
  if (typeof handler === 'function') return handler;
  return async (tx, input) => (await handler.handleBatch(tx, [input]))[0]!;
}
