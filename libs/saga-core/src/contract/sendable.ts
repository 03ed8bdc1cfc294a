/** What fits into an AMQP message: asked before anything is written, because what cannot be encoded must fail alone. */
import { CONSTANTS } from '../settings.js';
import type { OutgoingMessage } from './message.js';

/** AMQP's limit for names, correlation ids, reply addresses and the keys of headers. */
const SHORT_STRING_BYTES = 255;
/** amqplib encodes the headers of a message into a buffer of 64 KiB. */
const MOST_HEADER_BYTES = 65_000;
/** A header frame without what varies: its own fields, content type, delivery mode, message id. */
const FRAME_BYTES = 100;

/**
 * @returns whether a text fits where AMQP has a short string. Bytes that are no UTF-8 are longer as text than they
 *   were.
 */
export const isShort = (text: string): boolean => Buffer.byteLength(text) <= SHORT_STRING_BYTES;

/**
 * @param body - JSON, as it will be sent
 * @returns why nobody would read a message with this body, or null when they would
 */
export function whyTooLarge(body: unknown): string | null {
  const bytes = Buffer.byteLength(JSON.stringify(body ?? null));
  return bytes > CONSTANTS.maxMessageBytes ? `${bytes} bytes; ${CONSTANTS.maxMessageBytes} are allowed` : null;
}

/**
 * @returns whether a number can be written as a header: amqplib reads more numbers than it writes (NaN, −1e300, 2⁵⁰ +
 *   0.5).
 */
export const isWritable = (value: number): boolean =>
  value >= 2 ** 63 || Math.abs(value) < 2 ** 50 || (Number.isInteger(value) && value >= -(2 ** 63));

/**
 * @param frameMax - the most bytes of a frame on the connection; headers are never divided
 * @returns why a message cannot be written, or null when it can
 */
export function whyUnsendable(message: OutgoingMessage, frameMax: number): string | null {
  const { exchange, routingKey, correlationId = '', replyTo = '', headers } = message;
  if (![exchange, routingKey, correlationId, replyTo].every(isShort))
    return `a name or property has more than ${SHORT_STRING_BYTES} bytes`;
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!isShort(name)) return `the name of a header has more than ${SHORT_STRING_BYTES} bytes`;
    if (typeof value === 'number' && !isWritable(value)) return `the header ${name} is a number that cannot be written`;
    bytes += 6 + Buffer.byteLength(name) + (typeof value === 'string' ? Buffer.byteLength(value) : 8);
  }
  const most = Math.min(MOST_HEADER_BYTES, frameMax - FRAME_BYTES - 2 * SHORT_STRING_BYTES);
  return bytes > most ? `its headers have ${bytes} bytes; ${most} fit` : null;
}
