import type { Logger } from 'pino';
import { deadLetter } from '../contract/dead-letter.js';
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import { logSparsely } from '../util/log-sparsely.js';
import { ensureDeadLettered, type DeadLettered } from '../transport/ensure-dead-lettered.js';
import type { Transport } from '../transport/transport.js';

/** A delivery, and the reply to it. */
export interface Answer {
  readonly message: IncomingMessage;
  readonly reply: OutgoingMessage;
}

/** @returns what is wrong with a reply address, for people */
export const refusedAddress = (address: string): string =>
  `There is no exchange "${address}" that this service may write to`;

/**
 * Sees to replies that no queue has. They are not lost for good: the orchestrator asks again, and finds the answer that
 * is stored. Where the address has turned out to be none, the command is dead-lettered, as it would have been had that
 * been known.
 *
 * @param queue - from which the commands came
 * @returns the deliveries that are not done
 * @throws {SagaError} TRANSPORT_UNAVAILABLE
 */
export async function settleUnanswered(
  unanswered: readonly Answer[],
  queue: string,
  transport: Transport,
  logger: Logger,
): Promise<readonly IncomingMessage[]> {
  const deadLettered: DeadLettered[] = [];
  for (const { message, reply } of unanswered) {
    const { exchange, routingKey, correlationId } = reply;
    logSparsely(logger, 'warn', { exchange, routingKey, correlationId }, 'no queue takes this reply');
    if (!(await transport.canPublishTo(exchange)))
      deadLettered.push({
        message,
        letter: deadLetter(message, queue, 'REPLY_ADDRESS_REFUSED', refusedAddress(exchange)),
      });
  }
  const fates = await transport.publish(deadLettered.map(({ letter }) => letter));
  return ensureDeadLettered(deadLettered, fates, transport, logger);
}
