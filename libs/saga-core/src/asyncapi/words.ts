/** What a document says in words: what no schema can. Numbers come from the settings. */
import { COMMAND_HEADERS } from '../contract/command-message.js';
import { COMMAND_EXCHANGE } from '../contract/routing.js';
import { DEFAULTS } from '../settings.js';

const days = (ms: number): number => ms / 86_400_000;

const LIMITS = `A body is JSON in UTF-8 of at most ${DEFAULTS.maxMessageBytes} bytes, nested at most ${DEFAULTS.maxMessageDepth} levels deep. Readers ignore fields that they do not know.`;

const PROPERTIES =
  "The schema of a message's headers holds both its AMQP properties, which are marked with `x-amqp-property`, and the entries of its headers table. Headers are for people and tools: nothing depends on them.";

const PUBLISHING =
  'Publish everything persistent, `mandatory` and with publisher confirms, and acknowledge a delivery only when your own transaction is committed and the broker has confirmed what you published for it.';

/** @returns how to be a participant, for whoever has nothing but the document. */
export function participantWords(service: string, queue: string): string {
  return [
    `## How to be ${service}`,
    `Declare what the channels name, as they say, or have it declared; consume \`${queue}\`. For each delivery, by its routing key:`,
    `1. **What cannot be answered is dead-lettered**: a body that is too large or no JSON, a routing key that is none of these commands, no \`correlation-id\`, or a \`reply-to\` that does not match its pattern or names no exchange (publishing to a missing exchange closes the channel: ask with a passive declaration on another one). Publish it to \`saga.dead\`, and go on.
2. **A command that breaks its schema is answered at once**, as an error \`INVALID_PAYLOAD\`, or \`INVALID_COMMAND_ID\` for a \`correlation-id\` of another form.
3. **Everything else is handled** in one transaction of your database: the effect, and the reply stored under the command's \`correlation-id\`.
4. **Reply** to the exchange that \`reply-to\` names, with the routing key \`<task>.response.success\` or \`<task>.response.failure\`, and the \`correlation-id\` and \`${COMMAND_HEADERS.attempt}\` as they came. Then acknowledge.`,
    '### Delivery is at least once',
    'Each command may come more than once, at once or days later: after a timeout, after a crash, from two connections. A resend has the same `correlation-id`. Store each reply with its effect, under a unique key on the correlation-id, and answer a duplicate with the stored reply, without a second effect. A refusal is final and is stored too. **An error is not stored**: nothing of its effect is kept, and the next delivery is handled afresh; whether and when there is one, the orchestrator decides, so do not retry by yourself.',
    '### An undo may come first',
    'A command with an `actionId` undoes the command of that identity. It may overtake it, and its action may have been lost: **the undo succeeds all the same and bars the action for ever**. Store, with the undo, that the action is barred, in one transaction; an action that comes after that has no effect and is answered as a refusal `BARRED`. If the action was refused, or is unknown, there is nothing to take back. Undo by the business key in the payload: the sender may never have learned the ids that the action made. An undo cannot be refused; it comes until it succeeds. Let one row lock of the barrier keep an action and its undo apart when both come at once.',
    '### Forgetting',
    `The saga's id is a UUIDv7 and tells its age. These services keep what they know of a command for ${days(DEFAULTS.inboxRetentionMs)} days from the start of its saga and answer those of older sagas as an error \`COMMAND_EXPIRED\`. A participant that keeps everything never needs to.`,
    '### Limits',
    `${LIMITS} \`message\` of a failure is cut at its maximum length.`,
    PROPERTIES,
    PUBLISHING,
  ].join('\n\n');
}

/** @returns what an orchestrator promises, and what it takes replies for. */
export function orchestratorWords(sagas: readonly string[], addresses: readonly string[]): string {
  return [
    '## What it sends, and what it receives',
    `It runs ${sagas.map((saga) => `\`${saga}\``).join(', ')}: commands go to the exchange \`${COMMAND_EXCHANGE}\`, one at a time for each saga, and replies are awaited at ${addresses.map((address) => `\`${address}\``).join(', ')}.`,
    '### Delivery is at least once',
    'A command is sent again, with the same `correlation-id`, when no reply comes in time, after an error, and after a crash. Where it has given a step up before the pivot, it sends the undo, also when it never learned whether the command arrived: participants must let an undo that comes first succeed, and bar its action.',
    '### What a reply does',
    'A reply counts only for the command that its saga awaits now, by `correlation-id`. Replies that are late, doubled or of no saga are recorded or ignored, and acknowledged. A **refusal** compensates the saga; an **error** and silence are tried again within the limits of the step. A success that breaks its schema counts as an error. What is no reply at all is dead-lettered with the cause `NOT_A_REPLY`.',
    '### Limits',
    LIMITS,
    PROPERTIES,
    PUBLISHING,
  ].join('\n\n');
}
