/** Commands and replies as AsyncAPI messages: all in them comes from the contract. */
import { Type, type TSchema } from '@sinclair/typebox';
import type { CommandContract } from '../contract/command.js';
import { FailureBody } from '../contract/reply-message.js';
import { replyRoutingKeyOf } from '../contract/routing.js';
import type { FailureCode } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import { exampleOf } from './example.js';
import { commandProperties, deadLetterProperties, replyProperties } from './properties.js';

/** JSON, as it stands in a document. */
export type Json = Readonly<Record<string, unknown>>;

/** Errors with which a participant may answer any command, and what each tells its reader. */
const PARTICIPANT_ERRORS: Readonly<Partial<Record<FailureCode, string>>> = {
  INVALID_COMMAND_ID: 'The correlation-id is not `<saga id>:<sequence>`.',
  INVALID_PAYLOAD: 'The body breaks its schema; the command was not handled.',
  HANDLER_FAILED: 'Something broke; nothing of the effect was kept.',
  BARRED: 'The command came after its undo, and had no effect.',
  COMMAND_EXPIRED: 'The saga is older than what the participant remembers; the command was not handled.',
};

const CORRELATION = {
  description: 'The identity of the command: resends keep it, replies echo it.',
  location: '$message.header#/correlation-id',
};

const SCHEMA_FORMAT = 'application/schema+json;version=draft-07';

/** Plain JSON of a schema: TypeBox's own marks are symbols, and go. */
const plain = (schema: TSchema): Json => {
  const { $id: _name, ...json } = JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
  return json;
};

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** @returns the last part of a task: unique within a service, and almost always within a saga. */
export const nameOfTask = (task: string): string => task.slice(task.indexOf('.') + 1);

/** @returns the schemas to which messages refer. */
export function sharedSchemas(replyAddress: string | null, queue: string): Record<string, Json> {
  const schemas = [commandProperties(replyAddress), replyProperties(), deadLetterProperties(queue)];
  return Object.fromEntries(schemas.map((schema) => [schema.$id!, plain(schema)]));
}

/** @returns the message of a command. @throws {SagaError} INVALID_CONTRACT when its schema yields no example */
export function commandMessageOf(contract: CommandContract, replyAddress: string | null): Json {
  const { task, description, payload } = contract;
  const headers = exampleOf(`${task}: its headers`, commandProperties(replyAddress)) as Record<string, unknown>;
  return {
    name: task,
    title: `Command ${task}`,
    summary: description,
    ...base('commandProperties'),
    'x-routing-key': task,
    payload: { schemaFormat: SCHEMA_FORMAT, schema: plain(payload) },
    examples: [
      {
        name: 'command',
        summary: 'The command, as it is first sent.',
        headers: { ...headers, 'x-saga-step': task },
        payload: exampleOf(`${task}: its payload`, payload),
      },
    ],
  };
}

/** @returns the message of a success reply. @throws {SagaError} INVALID_CONTRACT when its schema yields no example */
export function successMessageOf({ task, reply }: CommandContract): Json {
  return {
    name: replyRoutingKeyOf(task, 'success'),
    title: `Success of ${task}`,
    summary: 'It is done.',
    ...base('replyProperties'),
    'x-routing-key': replyRoutingKeyOf(task, 'success'),
    payload: { schemaFormat: SCHEMA_FORMAT, schema: plain(reply) },
    examples: [replyExample('success', 'It is done.', exampleOf(`${task}: its reply`, reply))],
  };
}

/** @returns the schema of a command's failures: its refusals by code, and errors, of which new codes may come. */
export function failureSchemaOf({ refusals }: CommandContract): TSchema {
  const { kind: _kind, code, ...rest } = FailureBody.properties;
  const error = Type.Object(
    {
      kind: Type.Literal('error', { description: 'Something broke, and trying again may help.' }),
      code: {
        ...code,
        pattern: '^[A-Z][A-Z0-9_]*$',
        description: describeCodes('May be another one', PARTICIPANT_ERRORS),
      },
      ...rest,
    },
    { title: 'Error', description: 'Something broke. Nothing of the effect was kept, and the command may come again.' },
  );
  const codes = Object.keys(refusals);
  if (codes.length === 0) return error;
  const refusal = Type.Object(
    {
      kind: Type.Literal('refusal', { description: 'The business says no, for good.' }),
      code: Type.Union(
        codes.map((each) => Type.Literal(each, { description: (refusals as Record<string, string>)[each]! })),
        { description: describeCodes('One of these', refusals) },
      ),
      ...rest,
    },
    { title: 'Refusal', description: 'The business says no. Nothing of the effect was kept; the saga is compensated.' },
  );
  return Type.Union([refusal, error], { title: 'Failure', description: 'Why it was not done.' });
}

/** @returns the message of a failure reply, with an example of each refusal. */
export function failureMessageOf(contract: CommandContract): Json {
  const { task, refusals } = contract;
  const refused = Object.entries<string>(refusals).map(([code, message]) =>
    replyExample(code, message, { kind: 'refusal', code, message }),
  );
  const failed = { kind: 'error', code: 'HANDLER_FAILED', message: 'The database does not answer' };
  return {
    name: replyRoutingKeyOf(task, 'failure'),
    title: `Failure of ${task}`,
    summary: refused.length > 0 ? 'It is refused, or something broke.' : 'Something broke: it cannot be refused.',
    ...base('replyProperties'),
    'x-routing-key': replyRoutingKeyOf(task, 'failure'),
    payload: { schemaFormat: SCHEMA_FORMAT, schema: plain(failureSchemaOf(contract)) },
    examples: [...refused, replyExample('HANDLER_FAILED', 'Something broke; it may be tried again.', failed)],
  };
}

/** @returns the message of a dead letter. */
export function deadLetterMessageOf(queue: string): Json {
  return {
    name: 'dead_letter',
    title: `Dead letter of ${queue}`,
    summary: 'A message that cannot be answered: body and properties as they came, and the cause.',
    contentType: 'application/json',
    headers: reference('deadLetterProperties'),
    'x-routing-key': queue,
    payload: {
      description: `Whatever came, at most ${DEFAULTS.maxMessageBytes} bytes of which anybody reads.`,
    },
  };
}

const base = (headers: string) => ({
  contentType: 'application/json',
  correlationId: CORRELATION,
  headers: reference(headers),
});

const replyExample = (name: string, summary: string, payload: unknown) => ({
  name,
  summary,
  headers: exampleOf('a reply', replyProperties()),
  payload,
});

const describeCodes = (lead: string, codes: Readonly<Record<string, string>>): string =>
  `${lead}:\n\n${Object.entries(codes)
    .map(([code, meaning]) => `- \`${code}\`: ${meaning}`)
    .join('\n')}`;
