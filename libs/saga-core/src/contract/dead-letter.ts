/** Dead letters: what cannot be answered, kept with its cause for people. */
import type { DeadLetterCause } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { cut } from '../util/text.js';
import type { IncomingMessage, OutgoingMessage } from './message.js';
import { DEAD_LETTER_EXCHANGE } from './routing.js';
import { isShort, isWritable } from './sendable.js';

/** Headers that a dead letter gains, so that it can be understood and sent again. */
export const DEAD_LETTER_HEADERS = {
  cause: 'x-cause',
  detail: 'x-cause-detail',
  exchange: 'x-original-exchange',
  routingKey: 'x-original-routing-key',
} as const;

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
    ...(correlationId !== undefined && isShort(correlationId) ? { correlationId } : {}),
    ...(replyTo !== undefined && isShort(replyTo) ? { replyTo } : {}),
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

/**
 * @returns a dead letter that was refused, without what may be why: foreign headers, and a body beyond what is read.
 */
export function minimalDeadLetter(letter: OutgoingMessage): OutgoingMessage {
  const ours = Object.values(DEAD_LETTER_HEADERS).map((name) => [name, letter.headers[name] ?? ''] as const);
  const headers: Record<string, string | number> = Object.fromEntries(ours);
  const body = letter.body.subarray(0, CONSTANTS.maxMessageBytes);
  const cut = body.length < letter.body.length ? ` and all but the first of its ${letter.body.length} bytes` : '';
  headers[DEAD_LETTER_HEADERS.detail] = `${headers[DEAD_LETTER_HEADERS.detail]} (kept without its headers${cut})`;
  return { ...letter, headers, body };
}

/**
 * @returns the headers that are short text and numbers, as far as they can be written: others could not be published
 *   again.
 */
export function plainHeaders(headers: IncomingMessage['headers']): Record<string, string | number> {
  const kept = Object.entries(headers).filter((entry): entry is [string, string | number] => {
    const [name, value] = entry;
    if (!isShort(name)) return false;
    if (typeof value === 'number') return isWritable(value);
    return typeof value === 'string' && Buffer.byteLength(value) <= 1_000;
  });
  return Object.fromEntries(kept.slice(0, 30));
}
