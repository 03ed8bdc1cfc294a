/** Commands as a participant takes them off its queue: nothing in them is trusted. */
import { attemptIn, COMMAND_HEADERS } from '../contract/command-message.js';
import { frozen } from '../contract/as-saved.js';
import type { CommandContract } from '../contract/command.js';
import { decodeJson, whyUnreadable, type IncomingMessage } from '../contract/message.js';
import type { Outcome } from '../contract/outcome.js';
import { parseCommandId, type CommandIdentity } from '../contract/routing.js';
import type { ServiceContract } from '../contract/service.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import type { DeadLetterCause, FailureCode } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { cut } from '../util/text.js';

/** A command as its handler gets it. */
export interface ReceivedCommand<Payload = unknown> {
  readonly commandId: string;
  readonly sagaId: string;
  readonly task: string;
  /** From 1, as the sender counts it: for drills and logs, not for correctness. */
  readonly attempt: number;
  readonly payload: Payload;
}

/** A command that can be handled, with what the runtime needs beside it. */
export interface AcceptedCommand {
  readonly received: ReceivedCommand;
  readonly identity: CommandIdentity;
  readonly contract: CommandContract;
  /** The key of its handler. */
  readonly key: string;
  readonly replyTo: string;
  readonly traceparent: string | null;
}

/**
 * What becomes of a delivery: it is handled, answered without being handled, or dead-lettered because it cannot be
 * answered.
 */
export type Received =
  | { readonly type: 'accepted'; readonly command: AcceptedCommand }
  | {
      readonly type: 'answered';
      readonly task: string;
      readonly commandId: string;
      readonly attempt: number;
      readonly replyTo: string;
      readonly outcome: Outcome;
    }
  | { readonly type: 'dead'; readonly cause: DeadLetterCause; readonly detail: string };

/** W3C's have 55 characters, later versions may have more; one without end would not fit into the reply. */
const MAX_TRACEPARENT_LENGTH = 255;

/** @returns the commands of a service by task name, each with the key of its handler. */
export function commandsByTask(
  service: ServiceContract,
): ReadonlyMap<string, { key: string; contract: CommandContract }> {
  return new Map(Object.entries(service.commands).map(([key, contract]) => [contract.task, { key, contract }]));
}

/** @returns what becomes of a delivery, as far as it alone can tell. */
export function receive(message: IncomingMessage, commands: ReturnType<typeof commandsByTask>): Received {
  const { correlationId, replyTo, routingKey: task, body } = message;
  const unreadable = whyUnreadable(message);
  if (unreadable !== null) return dead('UNREADABLE_HEADERS', unreadable);
  if (body.length > CONSTANTS.maxMessageBytes)
    return dead('TOO_LARGE', `The body has ${body.length} bytes; ${CONSTANTS.maxMessageBytes} are allowed`);
  const payload = decodeJson(body);
  if (payload === undefined) return dead('UNPARSEABLE', 'The body is not JSON in UTF-8, or nested too deeply');
  const known = commands.get(task);
  if (!known)
    return dead('UNKNOWN_TASK', `No command "${cut(task, 200)}" here; known: ${[...commands.keys()].join(', ')}`);
  if (correlationId === undefined) return dead('NO_CORRELATION_ID', 'The property correlationId is missing');
  if (replyTo === undefined) return dead('NO_REPLY_ADDRESS', 'The property replyTo is missing');
  const attempt = attemptIn(message.headers) ?? 1;
  const fail = (code: FailureCode, detail: string): Received => ({
    type: 'answered',
    task,
    commandId: correlationId,
    attempt,
    replyTo,
    outcome: { kind: 'error', code, message: detail },
  });
  const identity = parseCommandId(correlationId);
  if (!identity) return fail('INVALID_COMMAND_ID', 'correlationId must read "<saga id, a UUID>:<sequence, from 1>"');
  const problems = problemsOf(known.contract.payload, payload);
  if (problems.length > 0) return fail('INVALID_PAYLOAD', describeProblems(problems));
  const { [COMMAND_HEADERS.traceparent]: traceparent } = message.headers;
  return {
    type: 'accepted',
    command: {
      // It is given again when the handler runs again, and says where the answer goes.
      received: frozen({
        commandId: correlationId,
        sagaId: identity.sagaId,
        task,
        attempt,
        payload,
      }),
      identity,
      contract: known.contract,
      key: known.key,
      replyTo,
      traceparent: typeof traceparent === 'string' && traceparent.length <= MAX_TRACEPARENT_LENGTH ? traceparent : null,
    },
  };
}

const dead = (cause: DeadLetterCause, detail: string): Received => ({ type: 'dead', cause, detail });
