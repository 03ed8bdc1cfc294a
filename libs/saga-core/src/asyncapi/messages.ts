/** Commands and replies as AsyncAPI messages: all in them comes from the contract. */
import type { CommandContract } from '../contract/command.js';
import { replyRoutingKeyOf } from '../contract/routing.js';
import { CONSTANTS } from '../settings.js';
import { exampleOf } from './example.js';
import { errorSchema, refusalSchema } from './failures.js';
import { nameOfTask, plain, reference, typeNameOf, type Json } from './names.js';
import { commandProperties, deadLetterProperties, replyProperties } from './properties.js';

/** The identity of a command, for both that and its reply. */
export const CORRELATION_ID = {
  description: 'The identity of the command: resends keep it, replies echo it.',
  location: '$message.header#/correlation-id',
};

const ERROR = 'CommandError';
const EMPTY_REPLY = 'EmptyReply';

const hasFields = ({ reply }: CommandContract): boolean =>
  Object.keys((reply.properties as object | undefined) ?? {}).length > 0;

/** A command as the documents tell of it. */
export interface DocumentedCommand {
  readonly contract: CommandContract;
  /** By code, with what each means. */
  readonly refusals: Readonly<Record<string, string>>;
}

/** @returns the schemas to which the messages of these commands refer */
export function schemasOf(
  commands: readonly DocumentedCommand[],
  replyAddress: string | null,
  queue: string,
): Record<string, Json> {
  const properties = [commandProperties(replyAddress), replyProperties(), deadLetterProperties(queue)];
  return {
    ...Object.fromEntries(commands.flatMap((command) => Object.entries(schemasOfCommand(command)))),
    ...(commands.every(({ contract }) => hasFields(contract))
      ? {}
      : { [EMPTY_REPLY]: { title: EMPTY_REPLY, type: 'object', description: 'It is done; there is no more to say.' } }),
    [ERROR]: plain(errorSchema(), ERROR),
    ...Object.fromEntries(properties.map((schema) => [schema.$id!, plain(schema, typeNameOf(schema.$id!))])),
  };
}

function schemasOfCommand({ contract, refusals }: DocumentedCommand): Record<string, Json> {
  const name = typeNameOf(contract.task);
  const refusal = `${name}Refusal`;
  return {
    [name]: plain(contract.payload, name),
    ...(hasFields(contract) ? { [`${name}Reply`]: plain(contract.reply, `${name}Reply`) } : {}),
    ...(Object.keys(refusals).length === 0
      ? {}
      : {
          [refusal]: plain(refusalSchema(refusals), refusal),
          [`${name}Failure`]: { title: `${name}Failure`, oneOf: [reference(refusal), reference(ERROR)] },
        }),
  };
}

/**
 * @returns a command and its two replies, as messages by name.
 * @throws {SagaError} INVALID_CONTRACT when a schema yields no example
 */
export function messagesOf(command: DocumentedCommand, replyAddress: string | null): Record<string, Json> {
  const name = nameOfTask(command.contract.task);
  return {
    [name]: commandMessage(command, replyAddress),
    [`${name}_success`]: successMessage(command),
    [`${name}_failure`]: failureMessage(command),
  };
}

function commandMessage({ contract }: DocumentedCommand, replyAddress: string | null): Json {
  const { task, description, payload, undoes } = contract;
  const headers = exampleOf(`${task}: its headers`, commandProperties(replyAddress)) as Record<string, unknown>;
  return {
    ...head(task, description, 'commandProperties'),
    ...(undoes
      ? {
          description: `Undoes \`${undoes.task}\`, also where that has not come yet. It cannot be refused.`,
          tags: [{ name: 'undo' }],
        }
      : {}),
    payload: reference(typeNameOf(task)),
    examples: [{ headers: { ...headers, 'x-saga-step': task }, payload: exampleOf(`${task}: its payload`, payload) }],
  };
}

function successMessage({ contract }: DocumentedCommand): Json {
  const { task, reply } = contract;
  return {
    ...head(replyRoutingKeyOf(task, 'success'), 'It is done.', 'replyProperties'),
    payload: reference(hasFields(contract) ? `${typeNameOf(task)}Reply` : EMPTY_REPLY),
    examples: [{ payload: exampleOf(`${task}: its reply`, reply) }],
  };
}

function failureMessage({ contract: { task }, refusals }: DocumentedCommand): Json {
  const refused = Object.entries(refusals).map(([code, message]) => ({ kind: 'refusal', code, message }));
  const failed = { kind: 'error', code: 'HANDLER_FAILED', message: 'The database does not answer' };
  return {
    ...head(
      replyRoutingKeyOf(task, 'failure'),
      refused.length > 0 ? 'It is refused, or something broke.' : 'Something broke: it cannot be refused.',
      'replyProperties',
    ),
    payload: reference(refused.length > 0 ? `${typeNameOf(task)}Failure` : ERROR),
    examples: [...refused, failed].map((payload) => ({ name: payload.code, payload })),
  };
}

/** @returns the message of a dead letter. */
export function deadLetterMessageOf(queue: string): Json {
  return {
    title: `Dead letter of ${queue}`,
    summary: `Body and properties as they came, and the cause. Nobody reads more than ${CONSTANTS.maxMessageBytes} bytes of it.`,
    headers: reference('deadLetterProperties'),
    'x-routing-key': queue,
  };
}

const head = (routingKey: string, summary: string, headers: string): Json => ({
  title: routingKey,
  summary,
  correlationId: { $ref: '#/components/correlationIds/command' },
  headers: reference(headers),
  'x-routing-key': routingKey,
});
