import type { OutgoingMessage } from '../contract/message.js';
import { DEAD_LETTER_EXCHANGE } from '../contract/routing.js';
import { SagaError } from '../errors.js';
import type { PublishOutcome } from './transport.js';

/**
 * Sees to it that no dead letter gets lost: what it replaces may be acknowledged only when a queue has it.
 *
 * @param messages - as they were published; others than dead letters are passed over
 * @param fates - what became of them
 * @throws {SagaError} TRANSPORT_UNAVAILABLE when a dead-letter queue is missing
 */
export function assertDeadLettersKept(messages: readonly OutgoingMessage[], fates: readonly PublishOutcome[]): void {
  const lost = messages.find(({ exchange }, index) => exchange === DEAD_LETTER_EXCHANGE && fates[index] === 'returned');
  if (lost) throw new SagaError('TRANSPORT_UNAVAILABLE', `The dead-letter queue of ${lost.routingKey} is missing`);
}
