/** What RabbitMQ says when it closes a channel because of a message, and whose it was. */
import type { OutgoingMessage } from '../contract/message.js';
import { CONSTANTS } from '../settings.js';

/** 3.x says access, 4.x write access. */
const WRITE_REFUSED = /access to (?:topic '(.*)' in )?exchange '([^']*)' in vhost/;
const MISSING = /no exchange '([^']*)' in vhost/;
const TOO_LARGE = /message size (\d+) is larger than/;
const MOST_REMEMBERED = 1_000;

/** Where messages may not go: to an exchange, or under one routing key of it. */
export interface Refusal {
  readonly exchange: string;
  /** Null for every one. */
  readonly routingKey: string | null;
  /** There is no such exchange. */
  readonly isMissing: boolean;
}

/**
 * @returns where messages are refused, or null when the error is about something else.
 * @param error - with which the channel was closed
 */
export function refusalIn({ message }: Error): Refusal | null {
  const refused = WRITE_REFUSED.exec(message);
  if (refused) return { exchange: refused[2]!, routingKey: refused[1] ?? null, isMissing: false };
  const missing = MISSING.exec(message)?.[1];
  return missing === undefined ? null : { exchange: missing, routingKey: null, isMissing: true };
}

/** @returns whether it is this message for which the channel was closed, as far as the error tells */
export function isGuilty({ exchange, routingKey, body }: OutgoingMessage, error: Error): boolean {
  const refusal = refusalIn(error);
  if (refusal) return refusal.exchange === exchange && (refusal.routingKey ?? routingKey) === routingKey;
  return body.length === Number(TOO_LARGE.exec(error.message)?.[1] ?? -1);
}

/** Remembers refusals for a while, so that a flood of messages to one place does not cost a channel each. */
export class Refusals {
  private readonly until = new Map<string, number>();

  note({ exchange, routingKey }: Refusal): void {
    if (this.until.size >= MOST_REMEMBERED) this.until.clear();
    this.until.set(nameOf(exchange, routingKey), performance.now() + CONSTANTS.missingAddressTtlMs);
  }

  /** @returns whether a message would be refused */
  concern({ exchange, routingKey }: OutgoingMessage): boolean {
    if (this.until.size === 0) return false;
    const now = performance.now();
    return [null, routingKey].some((key) => (this.until.get(nameOf(exchange, key)) ?? 0) > now);
  }
}

const nameOf = (exchange: string, routingKey: string | null): string =>
  routingKey === null ? exchange : `${exchange} ${routingKey}`;
