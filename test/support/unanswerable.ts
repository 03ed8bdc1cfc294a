/** Commands that no participant can answer, in whatever language it is written. */
import { randomUUID } from 'node:crypto';
import type { TestOrchestrator } from './test-orchestrator.js';

export type Unanswerable = [cause: string, task: string, body: string, properties: object];

const known = () => ({ correlationId: `${randomUUID()}:1` });

/** @param task - one that the participant knows @returns one for each cause, at the least */
export const unanswerable = (task: string): Unanswerable[] => [
  ['UNPARSEABLE', task, '{"orderId":', known()],
  ['UNKNOWN_TASK', `${task.split('.')[0]}.burn_down`, '{}', known()],
  ['NO_CORRELATION_ID', task, '{}', {}],
  ['NO_REPLY_ADDRESS', task, '{}', { ...known(), replyTo: undefined }],
  ['REPLY_ADDRESS_REFUSED', task, '{}', { ...known(), replyTo: 'amq.topic' }],
  ['TOO_LARGE', task, JSON.stringify('x'.repeat(1_100_000)), known()],
];

/** Sends a command, and expects it among the dead letters of the participant's queue, whole, with its cause. */
export async function expectDeadLettered(
  saga: TestOrchestrator,
  queue: string,
  [cause, task, body, properties]: Unanswerable,
): Promise<void> {
  await saga.send(task, body, properties);
  const letter = await saga.deadLetter(queue);
  expect(letter).toMatchObject({ cause, body });
  expect(letter.properties.headers).toMatchObject({
    'x-cause-detail': expect.any(String),
    'x-original-exchange': 'saga.commands',
    'x-original-routing-key': task,
  });
}
