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
}

const WORDS = {
  retry: 'retries',
  compensate: 'compensates',
  skip: 'skips a step of',
  edit: 'edits a command of',
} as const;

/** A command that could not be built has no payload to edit. */
const REFUSALS: readonly SagaErrorCode[] = ['ACTION_NOT_ALLOWED', 'SAGA_MOVED_ON', 'INVALID_SAGA_DATA'];

/** @returns an operation as a story tells it */
export const describeOperation = ({ id, type }: Operation): string => `${WORDS[type]} saga ${sagaNumber(id)}`;

/**
 * @param payloadOf - the awaited command of a saga: one that is edited stays as it was, so that its contract holds
 * @param whom - which saga, from 0 up to 1; stuck ones go first
 * @param what - which action, from 0 up to 1
 * @returns what an operator might do, or null when all sagas have ended
 */
export function chooseOperation(
  sagas: readonly SagaColumns[],
  payloadOf: (id: string) => unknown,
  whom: number,
  what: number,
): Operation | null {
  const open = sagas.filter(({ status }) => !hasEnded(status));
  const stuck = open.filter(({ status }) => status === 'stuck');
  const among = stuck.length > 0 ? stuck : open;
  const saga = among[Math.floor(whom * among.length)];
  if (!saga) return null;
  const { id, version } = saga;
  const types = ['retry', 'compensate', ...(stuck.length > 0 ? (['skip', 'edit'] as const) : [])] as const;
  const type = types[Math.floor(what * types.length)]!;
  return type === 'edit' ? { id, type, version, payload: payloadOf(id) } : { id, type };
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
