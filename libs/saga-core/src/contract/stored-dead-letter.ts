/** A dead letter as it lies in its queue: why it is there, and how it would be sent again. */
import { createHash } from 'node:crypto';
import { DEAD_LETTER_HEADERS, plainHeaders } from './dead-letter.js';
import type { IncomingMessage, OutgoingMessage } from './message.js';
import { COMMAND_EXCHANGE, commandQueueOf, isRoutingKey, parseReplyRoutingKey, serviceOf } from './routing.js';

/** Exchange and routing key are those with which it was published at first. */
export interface StoredDeadLetter extends Omit<IncomingMessage, 'redelivered' | 'deliveredBefore'> {
  /** Made of what the letter holds: the same letter has the same id. */
  readonly id: string;
  /** A code of docs/errors.md, or the broker's reason. */
  readonly cause: string;
  readonly detail: string;
  /** The message that takes it to its queue again; null when it does not say how it came there. */
  readonly replay: OutgoingMessage | null;
}

/**
 * What the broker counts and notes: a letter that is sent again begins anew, and how often it was looked at makes it no
 * other letter.
 */
const OF_THE_BROKER = /^x-(death|first-death|last-death|delivery-count|acquired-count)/;
const OURS = new Set<string>(Object.values(DEAD_LETTER_HEADERS));

/**
 * @param queue - whose letter it is
 * @param message - as it lies in `<queue>.dead`
 */
export function storedDeadLetter(
  queue: string,
  message: Pick<IncomingMessage, 'correlationId' | 'replyTo' | 'headers' | 'body'>,
): StoredDeadLetter {
  const { correlationId, replyTo, headers, body } = message;
  const origin = brokerOrigin(queue, headers) ?? noted(headers);
  const kept = Object.entries(headers).filter(([name]) => !OF_THE_BROKER.test(name));
  const id = createHash('sha256')
    .update(JSON.stringify([origin, correlationId, replyTo, kept]))
    .update(body)
    .digest('hex')
    .slice(0, 32);
  const replay = belongsTo(queue, origin)
    ? {
        exchange: origin.exchange,
        routingKey: origin.routingKey,
        ...(correlationId === undefined ? {} : { correlationId }),
        ...(replyTo === undefined ? {} : { replyTo }),
        headers: plainHeaders(Object.fromEntries(kept.filter(([name]) => !OURS.has(name)))),
        body,
      }
    : null;
  return { id, ...origin, correlationId, replyTo, headers, body, replay };
}

type Origin = Pick<StoredDeadLetter, 'cause' | 'detail' | 'exchange' | 'routingKey'>;

/**
 * The broker's own account, where the queue itself gave the message up: it counts more than headers that a sender may
 * have written.
 */
function brokerOrigin(queue: string, headers: StoredDeadLetter['headers']): Origin | null {
  const deaths: unknown[] = Array.isArray(headers['x-death']) ? headers['x-death'] : [];
  const death = deaths.find((entry) => (entry as { queue?: unknown } | null)?.queue === queue);
  if (!death) return null;
  const { reason, exchange, count, 'routing-keys': keys } = death as Record<string, unknown>;
  const cause = textOf(reason) || 'unknown';
  return {
    cause,
    detail: `${queue} gave it up (${cause}), ${Number(count) || 1} times in all`,
    exchange: textOf(exchange),
    routingKey: textOf(Array.isArray(keys) ? keys[0] : ''),
  };
}

const noted = (headers: StoredDeadLetter['headers']): Origin => ({
  cause: textOf(headers[DEAD_LETTER_HEADERS.cause]) || 'unknown',
  detail: textOf(headers[DEAD_LETTER_HEADERS.detail]),
  exchange: textOf(headers[DEAD_LETTER_HEADERS.exchange]),
  routingKey: textOf(headers[DEAD_LETTER_HEADERS.routingKey]),
});

/** A destination never comes from a message alone: it must be the way that leads to this queue, and to no other. */
function belongsTo(queue: string, { exchange, routingKey }: Origin): boolean {
  if (!isRoutingKey(routingKey)) return false;
  if (parseReplyRoutingKey(routingKey)) return exchange === queue;
  return exchange === COMMAND_EXCHANGE && commandQueueOf(serviceOf(routingKey)) === queue;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
