/**
 * Replies on the wire: `<task>.response.success` with the contract's reply, `<task>.response.failure` with a
 * {@link FailureBody}.
 */
import { Type } from '@sinclair/typebox';
import { asSaved } from './as-saved.js';
import { attemptIn, COMMAND_HEADERS } from './command-message.js';
import { cut } from '../util/text.js';
import { decodeJson, encodeJson, type IncomingMessage, type OutgoingMessage } from './message.js';
import type { Outcome } from './outcome.js';
import { parseReplyRoutingKey, replyRoutingKeyOf } from './routing.js';
import { isValid } from './validation.js';

/** Characters. Longer messages are cut, by who sends and by who reads: a long reason is still a reason. */
const MAX_MESSAGE_LENGTH = 2_000;

/** The body of every failure reply. */
export const FailureBody = Type.Object({
  kind: Type.Union([Type.Literal('refusal'), Type.Literal('error')], {
    description: 'refusal: the business says no, for good. error: something broke, trying again may help.',
  }),
  code: Type.String({ minLength: 1, maxLength: 100, description: 'Stable, UPPER_SNAKE_CASE.' }),
  message: Type.String({ maxLength: MAX_MESSAGE_LENGTH, description: 'For people.' }),
  details: Type.Optional(Type.Unknown({ description: 'More about it, as JSON.' })),
});

export interface ReplyMessage {
  readonly task: string;
  readonly commandId: string;
  /** The attempt that is answered; absent where the participant does not echo it. */
  readonly attempt?: number;
  readonly outcome: Outcome;
}

/** @returns a reply as the message that carries it, to the exchange that the command's `replyTo` named. */
export function replyMessage(
  reply: ReplyMessage,
  replyTo: string,
  headers: OutgoingMessage['headers'] = {},
): OutgoingMessage {
  const { task, commandId, attempt, outcome } = reply;
  const success = outcome.kind === 'success';
  return {
    exchange: replyTo,
    routingKey: replyRoutingKeyOf(task, success ? 'success' : 'failure'),
    correlationId: commandId,
    headers: attempt === undefined ? headers : { ...headers, [COMMAND_HEADERS.attempt]: attempt },
    body: encodeJson(success ? outcome.reply : { ...outcome, message: cut(outcome.message, MAX_MESSAGE_LENGTH) }),
  };
}

/**
 * @returns the reply that a message carries, or null when it is none. The reply of a success is not checked here: its
 *   contract is the step's.
 */
export function parseReply(message: IncomingMessage): ReplyMessage | null {
  const key = parseReplyRoutingKey(message.routingKey);
  if (!key || message.correlationId === undefined) return null;
  const decoded = decodeJson(message.body);
  if (decoded === undefined) return null;
  // A reply may wait in the database, and must be the same then.
  const body = asSaved(decoded);
  const attempt = attemptIn(message.headers);
  const base = {
    task: key.task,
    commandId: message.correlationId,
    ...(attempt === undefined ? {} : { attempt }),
  };
  if (key.outcome === 'success') return { ...base, outcome: { kind: 'success', reply: body } };
  const failure = withShortMessage(body);
  if (!isValid(FailureBody, failure)) return null;
  const { kind, code, message: text, details } = failure;
  return { ...base, outcome: { kind, code, message: text, ...(details === undefined ? {} : { details }) } };
}

function withShortMessage(body: unknown): unknown {
  const message = (body as { message?: unknown } | null)?.message;
  if (typeof message !== 'string' || message.length <= MAX_MESSAGE_LENGTH) return body;
  return { ...(body as object), message: cut(message, MAX_MESSAGE_LENGTH) };
}
