/** How long the replies were waited for that a batch of inputs brings: what tells how busy everybody is. */
import { isRemote } from '../definition/step.js';
import { awaitedCommandId } from '../engine/instance.js';
import type { AdvanceInput } from './advance.js';
import type { ReplyWait } from './in-flight-limit.js';

/**
 * A reply to an attempt of which the time was up is one that was waited for longer still. Where it is not told which
 * attempt is answered, only what the first one brings says how long it took.
 *
 * @param now - milliseconds since the epoch, by the database's clock
 */
export function replyWaits<Tx>(inputs: readonly AdvanceInput<Tx>[], now: number): ReplyWait[] {
  return inputs.flatMap((input) => replyWait(input, now) ?? []);
}

function replyWait<Tx>({ definition, instance, events }: AdvanceInput<Tx>, now: number): ReplyWait | null {
  const { awaited } = instance;
  if (awaited?.state !== 'sent' || awaited.until === null) return null;
  // The saga's own deadline is nearer: it does not say when the command was sent.
  if (definition.deadlineMs !== null && awaited.until === (instance.startedAt ?? 0) + definition.deadlineMs)
    return null;
  const id = awaitedCommandId(instance);
  const reply = events.find((event) => event.type === 'reply' && event.commandId === id);
  if (reply?.type !== 'reply') return null;
  const { action, undo } = definition.steps[awaited.step]!;
  const command = awaited.direction === 'action' ? action : undo!;
  if (!isRemote(command)) return null;
  const earlier = awaited.attempt - (reply.attempt ?? 1);
  if (earlier < 0 || (earlier > 0 && reply.attempt === undefined)) return null;
  const { replyTimeoutMs: timeoutMs } = command.retry;
  const waitedMs = Math.max(0, now - awaited.until + timeoutMs) + earlier * timeoutMs;
  return { task: awaited.name, waitedMs, timeoutMs };
}
