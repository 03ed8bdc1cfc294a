/** What a document says in words: what no schema can. Numbers come from the settings. */
import { COMMAND_HEADERS } from '../contract/command-message.js';
import { COMMAND_EXCHANGE, DEAD_LETTER_EXCHANGE } from '../contract/routing.js';
import { DEFAULT_ACTION_RETRY, DEFAULT_RETRIABLE_RETRY, CONSTANTS, DEFAULTS } from '../settings.js';
import { DAY_MS } from '../util/duration.js';

const days = (ms: number): number => ms / DAY_MS;
const seconds = (ms: number): string => `${ms / 1_000} s`;

const list = (...items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');

const PUBLISH =
  "Publish persistent and `mandatory`, with publisher confirms. The headers' schemas hold AMQP properties too: those with `x-amqp-property`. The other entries are for people and tools. " +
  'Lengths count characters (code points). Ignore fields that you do not know.';

const RECONNECT = [
  `A lost connection, a closed channel, and a consumer that the broker cancels (\`basic.cancel\`, in some clients an empty delivery) are alike: connect, declare and consume again, after pauses that grow from ${seconds(CONSTANTS.recoveryInitialMs)} to ${seconds(CONSTANTS.recoveryMaxMs)}.`,
  `Set a heartbeat of ${CONSTANTS.heartbeatSeconds} s and a timeout of ${seconds(CONSTANTS.connectTimeoutMs)} for connecting. A confirm that takes over ${seconds(CONSTANTS.confirmTimeoutMs)} means that the connection is dead.`,
];

/** @returns how to be a participant, for whoever has nothing but the document. */
export function participantDescription(service: string, queue: string): string {
  return [
    `## How to be ${service}`,
    `Declare the exchanges, queues, arguments and bindings of the channels exactly as they stand there, or have it done; reply exchanges belong to those who ask. Consume \`${queue}\` with acknowledgements and a prefetch.`,
    '### Check each delivery, in this order',
    `1. The headers have over ${CONSTANTS.maxHeaderBytes} bytes or ${CONSTANTS.maxHeaderFields} entries, or are nested over ${CONSTANTS.maxHeaderDepth} levels deep: dead letter \`UNREADABLE_HEADERS\`, without them.
2. The body has over ${CONSTANTS.maxMessageBytes} bytes: dead letter \`TOO_LARGE\`.
3. It is no JSON in UTF-8, or nested over ${CONSTANTS.maxMessageDepth} levels deep: dead letter \`UNPARSEABLE\`.
4. The routing key is no command's \`x-routing-key\`: dead letter \`UNKNOWN_TASK\`.
5. There is no \`correlation-id\`: dead letter \`NO_CORRELATION_ID\`.
6. There is no \`reply-to\`: dead letter \`NO_REPLY_ADDRESS\`.
7. \`reply-to\` breaks its pattern, or is no exchange that you may write to: dead letter \`REPLY_ADDRESS_REFUSED\`. Ask by a passive declaration on a channel of its own, for a missing exchange closes it. Remember a no for ${seconds(CONSTANTS.missingAddressTtlMs)}.
8. \`correlation-id\` breaks its pattern: reply with the error \`INVALID_COMMAND_ID\`.
9. The body breaks its schema: reply with the error \`INVALID_PAYLOAD\`.`,
    '### Handle it, in one transaction',
    list(
      'Commit the effect together with the reply, stored under the `correlation-id`, which is unique. The same command may come again, at once or days later: give the stored reply, without a second effect.',
      'A refusal is final: store it, and keep nothing of the effect.',
      'Whatever throws: roll back, store nothing, and reply with the error `HANDLER_FAILED`. The next delivery is handled afresh. Do not retry by yourself.',
      'An undo names its action by `actionId`, and by the business key: its sender may not know your ids. It may overtake its action, or have none. It succeeds all the same, and bars the action for ever, in the same transaction. **A barred action has no effect and gets the refusal `BARRED`.** Undo only what has succeeded. Let a row lock keep an action and its undo apart.',
      `The first part of \`correlation-id\` is a UUIDv7 and tells the age of the saga. Remember commands for ${days(DEFAULTS.inboxRetentionMs)} days from then, and answer older ones that you do not know with the error \`COMMAND_EXPIRED\`; or forget nothing.`,
    ),
    '### Reply, then acknowledge',
    list(
      `The exchange is the command's \`reply-to\`, the routing key \`<task>.response.success\` or \`<task>.response.failure\`; \`correlation-id\`, \`traceparent\` and \`${COMMAND_HEADERS.attempt}\` are as they came.`,
      'Acknowledge after your commit, and after the confirm of the reply or dead letter.',
      'A reply that is returned, because no queue takes it, is lost and may be: acknowledge. The orchestrator asks again.',
      `A dead letter goes to \`${DEAD_LETTER_EXCHANGE}\` with the routing key \`${queue}\`. One that is returned must not be lost: do not acknowledge its message, and try again.`,
    ),
    '### When something breaks',
    list(
      ...RECONNECT,
      `A message that kills your process comes again, marked as redelivered. Before you handle such a one, count it in your database; handle it alone, and forget the count afterwards. At a count of ${CONSTANTS.maxDeathsPerMessage}, make it a dead letter \`CRASH_LOOP\`. Otherwise its queue gives it up after ${CONSTANTS.deliveryLimit} deliveries, and what was prefetched beside it as well.`,
      `The sender waits ${seconds(DEFAULT_ACTION_RETRY.replyTimeoutMs)} for a reply unless its step says otherwise, then sends the command again.`,
    ),
    PUBLISH,
  ].join('\n\n');
}

/** @returns what an orchestrator promises, and what it takes replies for. */
export function orchestratorDescription(saga: string, address: string): string {
  const [before, after] = [DEFAULT_ACTION_RETRY, DEFAULT_RETRIABLE_RETRY];
  return [
    '## What it sends, and what it receives',
    `It runs \`${saga}\`: commands go to \`${COMMAND_EXCHANGE}\`, one at a time for each saga; replies are awaited at \`${address}\`.`,
    list(
      `Unless a step says otherwise, a reply is awaited for ${seconds(before.replyTimeoutMs)}, and a command sent ${before.attempts} times, or ${after.attempts} times after the pivot and for undos; always with the same \`correlation-id\`. A command that no queue takes counts as an error.`,
      'A reply counts only for the command that its saga awaits now, by `correlation-id` and task. One that is late or doubled is recorded; one of no saga is ignored.',
      'A **refusal** is final: the command has had no effect, and the saga is compensated. Where there is only forward, the command is sent under a new `correlation-id`.',
      'An **error** and silence are tried again within those limits. Then the saga is compensated, the step included, for it may have happened; where there is only forward it is `stuck`. `COMMAND_EXPIRED` is not tried again.',
      'A success that breaks its schema is not tried again: before the pivot the saga is compensated, later it is `stuck`.',
      `What is no reply, has over ${CONSTANTS.maxMessageBytes} bytes or over ${CONSTANTS.maxMessageDepth} levels is dead-lettered as \`NOT_A_REPLY\`.`,
      ...RECONNECT,
    ),
    PUBLISH,
  ].join('\n\n');
}
