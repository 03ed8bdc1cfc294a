/** An operator, who acts on sagas through some orchestrator, and at times clicks twice. */
import type { OperatorAction } from '../engine/event.js';
import { hasEnded } from '../engine/instance.js';
import { SagaError, type SagaErrorCode } from '../errors.js';
import { sendCommands } from '../orchestrator/command-sender.js';
import type { Occasion } from './faults.js';
import type { SagaColumns } from './memory-saga-store.js';
import { SILENT } from './simulated-process.js';
import type { Orchestrator } from './simulated-system.js';
import { sagaNumber, type Tell } from './story.js';
import type { WorkInHand } from './work-in-hand.js';

export interface Operation {
  readonly id: string;
  readonly type: OperatorAction['type'];
  /** Of what the operator has seen, where it matters. */
  readonly version?: number;
  readonly payload?: unknown;
  readonly reply?: unknown;
}

const WORDS = {
  retry: 'retries',
  compensate: 'compensates',
  skip: 'skips a step of',
  edit: 'edits a command of',
  accept: 'accepts a step of',
  'give-up': 'gives up the pivot of',
} as const;

/** What an operator finds out about a saga. */
export interface Findings {
  /** Of the awaited command: one that is edited stays as it was, so that its contract holds. */
  readonly payload: unknown;
  /** What its participant has done and should have answered, where it answers what is of no use. */
  readonly meant: { readonly reply: unknown } | null;
}

/** A command that could not be built has no payload to edit. */
const REFUSALS: readonly SagaErrorCode[] = ['ACTION_NOT_ALLOWED', 'SAGA_MOVED_ON', 'INVALID_SAGA_DATA'];

/** @returns an operation as a story tells it */
export const describeOperation = ({ id, type }: Operation): string => `${WORDS[type]} saga ${sagaNumber(id)}`;

/**
 * @param findingsOf - what is known of a saga
 * @param whom - which saga, from 0 up to 1; stuck ones go first
 * @param what - which action, from 0 up to 1
 * @returns what an operator might do, or null when all sagas have ended
 */
export function chooseOperation(
  sagas: readonly SagaColumns[],
  findingsOf: (id: string) => Findings,
  whom: number,
  what: number,
): Operation | null {
  const open = sagas.filter(({ status }) => !hasEnded(status));
  const stuck = open.filter(({ status }) => status === 'stuck');
  const among = stuck.length > 0 ? stuck : open;
  const saga = among[Math.floor(whom * among.length)];
  if (!saga) return null;
  const { id, version } = saga;
  const { payload, meant } = findingsOf(id);
  const types = [
    'retry',
    'compensate',
    ...(stuck.length > 0 ? (['skip', 'edit'] as const) : []),
    ...(stuck.length > 0 && meant ? (['accept', 'give-up'] as const) : []),
  ] as const;
  const type = types[Math.floor(what * types.length)]!;
  if (type === 'edit') return { id, type, version, payload };
  // What was found out is true of the command that was awaited then, and of no other.
  return type === 'accept' ? { id, type, version, reply: meant!.reply } : { id, type };
}

/** Acts through one of the orchestrators that are there, and perhaps at once through another. */
export async function operate(
  operation: Operation,
  here: readonly Orchestrator[],
  work: WorkInHand,
  tell: Tell,
  occasion: Occasion,
): Promise<void> {
  const [first, other = first] = here;
  if (!first || !other) return;
  await operateAt(first, operation, work, tell);
  // The first may stand still in the middle of it: then the two are at work at once.
  if (work.isHere(other) && occasion.happens('operateTwice', () => 'operator: clicks twice'))
    await operateAt(other, operation, work, tell);
}

/** Acts through one orchestrator. */
export async function operateAt(
  worker: Orchestrator,
  operation: Operation,
  work: WorkInHand,
  tell: Tell,
): Promise<void> {
  const { transport, runner } = worker;
  const { id, ...action } = operation;
  await work.as(worker, describeOperation(operation), async () => {
    try {
      const { commands } = await runner.act(id, { ...action, by: 'operator', reason: 'simulated' });
      await sendCommands(commands, transport, runner, SILENT);
    } catch (error) {
      if (!(error instanceof SagaError && REFUSALS.includes(error.code))) throw error;
      tell('operator', () => 'is told that this is not allowed');
    }
  });
}
