import type { Channel, ChannelModel } from 'amqplib';
import { SagaError } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { withTimeout } from '../util/with-timeout.js';

/**
 * Waits for what the broker was asked, as long as that makes sense: a node that stands still answers never, and amqplib
 * forgets some questions when the connection ends.
 *
 * @param what - was asked, for the error
 * @throws {SagaError} TRANSPORT_UNAVAILABLE when the connection ends, or no answer comes in time; and what the broker
 *   answers
 */
export async function brokerAnswer<Answer>(
  connection: ChannelModel,
  what: string,
  asked: Promise<Answer>,
  withinMs: number = CONSTANTS.brokerAnswerTimeoutMs,
): Promise<Answer> {
  const unanswered = (why: string): SagaError =>
    new SagaError('TRANSPORT_UNAVAILABLE', `RabbitMQ did not answer (${what}): ${why}`);
  let onClose: () => void = () => undefined;
  const lost = new Promise<never>((_resolve, reject) => {
    onClose = () => reject(unanswered('the connection was lost'));
    connection.once('close', onClose);
  });
  try {
    return await withTimeout(Promise.race([asked, lost]), withinMs, () => {
      throw unanswered(`${withinMs} ms are over`);
    });
  } finally {
    connection.off('close', onClose);
  }
}

/** @returns whether the broker did not answer at all: what it was asked may be all right. */
export const isUnanswered = (error: unknown): boolean =>
  error instanceof SagaError && error.code === 'TRANSPORT_UNAVAILABLE';

/** Closes a channel, whether or not it can be. */
export function closeQuietly(channel: Channel): void {
  (async () => channel.close())().catch(() => undefined);
}
