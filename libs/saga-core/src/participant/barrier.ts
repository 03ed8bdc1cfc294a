/**
 * The barrier. Invariants kept here:
 * - A participant runs a command's effect at most once; a duplicate gets the stored reply.
 * - Unknown is not failed: an undo that comes before its action succeeds and bars the action for ever.
 * - What was forgotten is not taken for new: a command of which the inbox may have known once is refused.
 */
import { commandIdOf, parseCommandId, type CommandIdentity } from '../contract/routing.js';
import type { Outcome } from '../contract/outcome.js';
import type { FailureCode } from '../errors.js';
import type { CommandFate } from './command-observer.js';
import type { InboxClaim, InboxState } from './inbox-store.js';
import type { AcceptedCommand } from './received-command.js';

/** What the barrier says of a command: run its handler, or this is the answer (null: none). */
export type BarrierDecision =
  | { readonly run: true }
  | {
      readonly run: false;
      readonly outcome: Outcome | null;
      readonly store: boolean;
      readonly fate: Extract<CommandFate, 'duplicate' | 'barred' | 'expired' | 'nothing_to_undo'>;
    };

/** @returns the action that an undo names; null for an action. */
function actionOf({ contract, received }: AcceptedCommand): CommandIdentity | null {
  if (!contract.undoes) return null;
  return parseCommandId((received.payload as { actionId: string }).actionId);
}

const keyOf = ({ sagaId, sequence }: CommandIdentity): string => commandIdOf(sagaId, sequence);

/**
 * @returns what to claim for a batch of commands, each identity once. No undo may stand in a batch with its own action:
 *   see {@link independentBatches}.
 */
export function claimsOf(commands: readonly AcceptedCommand[]): InboxClaim[] {
  const claims = new Map<string, InboxClaim>();
  for (const command of commands) {
    const action = actionOf(command);
    claims.set(keyOf(command.identity), { identity: command.identity, as: 'command' });
    if (action && !claims.has(keyOf(action))) claims.set(keyOf(action), { identity: action, as: 'barred' });
  }
  return [...claims.values()];
}

/** @returns for each command what to do with it. */
export function barrierDecisions(
  commands: readonly AcceptedCommand[],
  claims: readonly InboxClaim[],
  states: readonly InboxState[],
): BarrierDecision[] {
  const known = new Map(claims.map(({ identity }, index) => [keyOf(identity), states[index]!]));
  return commands.map((command) => {
    const own = known.get(keyOf(command.identity))!;
    if (own.type === 'answered') return { run: false, outcome: own.outcome, store: false, fate: 'duplicate' };
    if (own.type === 'withheld') return { run: false, outcome: null, store: false, fate: 'duplicate' };
    if (own.type === 'barred') return { run: false, outcome: BARRED, store: false, fate: 'barred' };
    if (own.type === 'expired') return { run: false, outcome: EXPIRED, store: false, fate: 'expired' };
    const action = actionOf(command);
    return !action || hadEffect(known.get(keyOf(action))!)
      ? { run: true }
      : { run: false, outcome: NOTHING_TO_UNDO, store: true, fate: 'nothing_to_undo' };
  });
}

function hadEffect(action: InboxState): boolean {
  return action.type === 'withheld' || (action.type === 'answered' && action.outcome.kind === 'success');
}

const NOTHING_TO_UNDO: Outcome = { kind: 'success', reply: {} };

const BARRED: Outcome = {
  kind: 'refusal',
  code: 'BARRED' satisfies FailureCode,
  message: 'This command was undone before it came; it has no effect',
};

const EXPIRED: Outcome = {
  kind: 'error',
  code: 'COMMAND_EXPIRED' satisfies FailureCode,
  message: 'Its saga is older than what this service remembers of commands: whether it was handled cannot be told',
};

/**
 * @returns the commands in batches, in their order, such that an undo comes in a later set than its action, and no
 *   identity twice in one.
 */
export function independentBatches(commands: readonly AcceptedCommand[]): AcceptedCommand[][] {
  const batches: AcceptedCommand[][] = [];
  const lastBatch = new Map<string, number>();
  for (const command of commands) {
    const action = actionOf(command);
    const touched = [keyOf(command.identity), ...(action ? [keyOf(action)] : [])];
    const batch = Math.max(-1, ...touched.map((key) => lastBatch.get(key) ?? -1)) + 1;
    (batches[batch] ??= []).push(command);
    for (const key of touched) lastBatch.set(key, batch);
  }
  return batches;
}
