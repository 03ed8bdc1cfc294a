import type { Logger } from 'pino';
import { minimalDeadLetter } from '../contract/dead-letter.js';
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import { logSparsely } from '../util/log-sparsely.js';
import type { PublishOutcome, Transport } from './transport.js';

/** A message that is dead-lettered, and its letter. */
export interface DeadLettered {
  readonly message: IncomingMessage;
  readonly letter: OutgoingMessage;
}

/**
 * Sees to it that no dead letter gets lost: a message may be acknowledged only when a queue has its letter. One that
 * the broker refused is published again, without what may be why.
 *
 * @param fates - what became of the letters
 * @returns the messages whose letters no queue has: they are not done
 * @throws {SagaError} TRANSPORT_UNAVAILABLE
 */
export async function ensureDeadLettered(
  deadLettered: readonly DeadLettered[],
  fates: readonly PublishOutcome[],
  transport: Pick<Transport, 'publish'>,
  logger: Logger,
): Promise<IncomingMessage[]> {
  const undone = deadLettered.filter((_item, index) => fates[index] === 'returned').map(({ message }) => message);
  const refused = deadLettered.filter((_item, index) => fates[index] === 'refused');
  const again = await transport.publish(refused.map(({ letter }) => minimalDeadLetter(letter)));
  undone.push(...refused.filter((_item, index) => again[index] !== 'confirmed').map(({ message }) => message));
  for (const { exchange, routingKey, correlationId } of undone)
    logSparsely(
      logger,
      'warn',
      { exchange, routingKey, correlationId },
      'a dead letter finds no room: is its queue missing or full?',
    );
  return undone;
}
