/** Dead letters: what cannot be answered, kept with its cause for people. */
import type { DeadLetterCause } from '../errors.js';
import { cut } from '../text.js';
import type { IncomingMessage, OutgoingMessage } from './message.js';
import { DEAD_LETTER_EXCHANGE } from './routing.js';

/** Headers that a dead letter gains, so that it can be understood and sent again. */
export const DEAD_LETTER_HEADERS = {
  cause: 'x-cause',
  detail: 'x-cause-detail',
  exchange: 'x-original-exchange',
  routingKey: 'x-original-routing-key',
} as const;

/** AMQP's limit for correlation id and reply address. */
const SHORT_STRING_BYTES = 255;

/**
 * @param message - as it was delivered
 * @param queue - from which it came; its dead letters lie in `<queue>.dead`
 * @param detail - for people: what is wrong with it
 * @returns the message that lays it there, its body and properties kept
 */
export function deadLetter(
  message: IncomingMessage,
  queue: string,
  cause: DeadLetterCause,
  detail: string,
): OutgoingMessage {
  const { correlationId, replyTo } = message;
  return {
    exchange: DEAD_LETTER_EXCHANGE,
    routingKey: queue,
    ...(isShort(correlationId) ? { correlationId } : {}),
    ...(isShort(replyTo) ? { replyTo } : {}),
    headers: {
      ...plainHeaders(message.headers),
      [DEAD_LETTER_HEADERS.cause]: cause,
      [DEAD_LETTER_HEADERS.detail]: cut(detail, 500),
      [DEAD_LETTER_HEADERS.exchange]: message.exchange,
      [DEAD_LETTER_HEADERS.routingKey]: message.routingKey,
    },
    body: message.body,
  };
}

const isShort = (text: string | undefined): text is string =>
  text !== undefined && Buffer.byteLength(text) <= SHORT_STRING_BYTES;

/** @returns the headers that are short text and numbers: others could be too large to publish again. */
export function plainHeaders(headers: IncomingMessage['headers']): Record<string, string | number> {
  const kept = Object.entries(headers).filter(
    (entry): entry is [string, string | number] =>
      typeof entry[1] === 'number' || (typeof entry[1] === 'string' && Buffer.byteLength(entry[1]) <= 1_000),
  );
  return Object.fromEntries(kept.slice(0, 30));
}
