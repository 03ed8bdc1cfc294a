/** Replies on the wire: `<task>.response.success` with the contract's reply, `<task>.response.failure` with a {@link FailureBody}. */
import { Type } from '@sinclair/typebox';
import { decodeJson, encodeJson, type IncomingMessage, type OutgoingMessage } from './message.js';
import type { Outcome } from './outcome.js';
import { parseReplyRoutingKey, replyRoutingKeyOf } from './routing.js';
import { isValid } from './validation.js';

/** The body of every failure reply. */
const FailureBody = Type.Object({
  kind: Type.Union([Type.Literal('refusal'), Type.Literal('error')], {
    description: 'refusal: the business says no, for good. error: something broke, trying again may help.',
  }),
  code: Type.String({ minLength: 1, maxLength: 100, description: 'Stable, UPPER_SNAKE_CASE.' }),
  message: Type.String({ maxLength: 2000, description: 'For people.' }),
  details: Type.Optional(Type.Unknown({ description: 'More about it, as JSON.' })),
});

export interface ReplyMessage {
  readonly task: string;
  readonly commandId: string;
  readonly outcome: Outcome;
}

/** @returns a reply as the message that carries it, to the exchange that the command's `replyTo` named. */
export function replyMessage(
  reply: ReplyMessage,
  replyTo: string,
  headers: OutgoingMessage['headers'] = {},
): OutgoingMessage {
  const { task, commandId, outcome } = reply;
  const success = outcome.kind === 'success';
  return {
    exchange: replyTo,
    routingKey: replyRoutingKeyOf(task, success ? 'success' : 'failure'),
    correlationId: commandId,
    headers,
    body: encodeJson(success ? outcome.reply : outcome),
  };
}

/** @returns the reply that a message carries, or null when it is none. The reply of a success is not checked here: its contract is the step's. */
export function parseReply(message: IncomingMessage): ReplyMessage | null {
  const key = parseReplyRoutingKey(message.routingKey);
  if (!key || message.correlationId === undefined) return null;
  const body = decodeJson(message.body);
  if (body === undefined) return null;
  const base = { task: key.task, commandId: message.correlationId };
  if (key.outcome === 'success') return { ...base, outcome: { kind: 'success', reply: body } };
  if (!isValid(FailureBody, body)) return null;
  const { kind, code, message: text, details } = body;
  return { ...base, outcome: { kind, code, message: text, ...(details === undefined ? {} : { details }) } };
}
