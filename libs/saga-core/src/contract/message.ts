/** Messages as saga-core sees them: what an AMQP client would call exchange, routing key, properties and body. */
import { isUtf8 } from 'node:buffer';
import { CONSTANTS } from '../settings.js';

/** A message to publish; it is always persistent, mandatory and JSON. */
export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/** A message as it was delivered. Nothing in it is trusted: every property may be missing or forged. */
export interface IncomingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** Within bounds: of headers beyond them only {@link UNREADABLE_HEADERS} is left. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** It may have been handled before: the broker says so, or this process has tried it and could not finish. */
  readonly redelivered: boolean;
  /** The broker has delivered it before, to a process that did not acknowledge it, perhaps because it died of it. */
  readonly deliveredBefore: boolean;
}

/** The header that stands in place of headers that could not be read, and says why. */
export const UNREADABLE_HEADERS = 'x-unreadable-headers';

/** @returns why the headers of a message could not be read, or null when they could. */
export const whyUnreadable = ({ headers }: Pick<IncomingMessage, 'headers'>): string | null =>
  Object.hasOwn(headers, UNREADABLE_HEADERS) ? String(headers[UNREADABLE_HEADERS]) : null;

/** @returns the body of a JSON message. */
export const encodeJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/**
 * @returns the parsed body, or undefined when it is not JSON in UTF-8 (JSON has no undefined), or nested so deeply that
 *   it could be parsed but neither written again nor stored: one such message would fail the batch that holds it for
 *   ever
 */
export function decodeJson(body: Buffer): unknown {
  // To read them as replacement characters would change what was sent.
  if (!isUtf8(body)) return undefined;
  try {
    const value = JSON.parse(body.toString('utf8')) as unknown;
    return isDeeperThan(CONSTANTS.maxMessageDepth, value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(levels - 1, item));
}
