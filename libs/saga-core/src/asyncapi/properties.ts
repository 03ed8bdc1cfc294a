/**
 * What messages carry beside their bodies, as schemas: AMQP properties, marked as such, and entries of the headers
 * table.
 */
import { Type, type TSchema } from '@sinclair/typebox';
import { COMMAND_HEADERS } from '../contract/command-message.js';
import { DEAD_LETTER_HEADERS } from '../contract/dead-letter.js';
import { COMMAND_ID_PATTERN, commandIdOf, REPLY_ADDRESS_PATTERN } from '../contract/routing.js';
import { DEAD_LETTER_CAUSES } from '../errors.js';

/** Whose saga the examples tell of. */
const SAGA_ID = '0190b0a0-0000-7000-8000-00000000000a';
/** The identity of the command in the examples. */
const EXAMPLE_COMMAND_ID = commandIdOf(SAGA_ID, 3);
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** AsyncAPI has one place for both, so that each AMQP property says that it is one. */
const property = (name: string, schema: TSchema): TSchema => ({ ...schema, 'x-amqp-property': name });

const sent = {
  'content-type': property('content-type', Type.Literal('application/json', { description: 'JSON in UTF-8.' })),
  'delivery-mode': property('delivery-mode', Type.Literal(2, { description: 'Persistent.' })),
  'message-id': Type.Optional(
    property(
      'message-id',
      Type.String({ description: "The sender's own count, of no meaning to others.", examples: ['1'] }),
    ),
  ),
};

const identity = (description: string) =>
  property('correlation-id', Type.String({ pattern: COMMAND_ID_PATTERN, description, examples: [EXAMPLE_COMMAND_ID] }));

const sagaId = Type.String({ description: 'The saga, for people and tools.', examples: [SAGA_ID] });
const traceparent = Type.String({
  description: 'W3C trace context. Pass it on in what this causes.',
  examples: [TRACEPARENT],
});

/**
 * @param replyAddress - the exchange that the sender of the document names; null where any saga may ask
 * @returns the properties and headers of a command
 */
export function commandProperties(replyAddress: string | null) {
  const description = 'The exchange to which the reply goes; its routing key says what it replies to.';
  return Type.Object(
    {
      'correlation-id': identity(
        'The identity of the command, `<saga id>:<sequence>`. Resends keep it; the reply echoes it.',
      ),
      'reply-to': property(
        'reply-to',
        replyAddress === null
          ? Type.String({ pattern: REPLY_ADDRESS_PATTERN, description, examples: ['create_order_saga.responses'] })
          : Type.Literal(replyAddress, { description }),
      ),
      ...sent,
      [COMMAND_HEADERS.sagaId]: Type.Optional(sagaId),
      [COMMAND_HEADERS.sagaName]: Type.Optional(
        Type.String({ description: 'The kind of saga, for people and tools.', examples: ['create_order_saga'] }),
      ),
      [COMMAND_HEADERS.step]: Type.Optional(
        Type.String({ description: 'The step of the saga, for people and tools.', examples: ['create_ticket'] }),
      ),
      [COMMAND_HEADERS.attempt]: Type.Optional(
        Type.Integer({
          minimum: 1,
          description: 'Which attempt this is, from 1. Echo it in the reply.',
          examples: [1],
        }),
      ),
      [COMMAND_HEADERS.traceparent]: Type.Optional(traceparent),
    },
    { $id: 'commandProperties' },
  );
}

/** @returns the properties and headers of a reply. */
export function replyProperties() {
  return Type.Object(
    {
      'correlation-id': property(
        'correlation-id',
        Type.String({
          description:
            'The correlation-id of the command, as it came. With the task in the routing key it says what is replied to.',
          examples: [EXAMPLE_COMMAND_ID],
        }),
      ),
      ...sent,
      [COMMAND_HEADERS.sagaId]: Type.Optional(sagaId),
      [COMMAND_HEADERS.attempt]: Type.Optional(
        Type.Integer({
          minimum: 1,
          description: "The command's, as it came: so an error that comes twice is counted once.",
          examples: [1],
        }),
      ),
      [COMMAND_HEADERS.traceparent]: Type.Optional(traceparent),
    },
    { $id: 'replyProperties' },
  );
}

/** @returns the properties and headers that a dead letter gains; it keeps those that it came with. */
export function deadLetterProperties(queue: string) {
  return Type.Object(
    {
      'correlation-id': Type.Optional(
        property('correlation-id', Type.String({ maxLength: 255, description: 'As it came, where it did.' })),
      ),
      'reply-to': Type.Optional(
        property('reply-to', Type.String({ maxLength: 255, description: 'As it came, where it did.' })),
      ),
      ...sent,
      [DEAD_LETTER_HEADERS.cause]: Type.Union(
        DEAD_LETTER_CAUSES.map((cause) => Type.Literal(cause)),
        { description: 'Why it cannot be answered.' },
      ),
      [DEAD_LETTER_HEADERS.detail]: Type.String({
        description: 'For people: what is wrong.',
        examples: ['The body is not JSON'],
      }),
      [DEAD_LETTER_HEADERS.exchange]: Type.String({ description: 'Where it came from.', examples: ['saga.commands'] }),
      [DEAD_LETTER_HEADERS.routingKey]: Type.String({
        description: 'The routing key that it came with.',
        examples: [queue],
      }),
    },
    {
      $id: 'deadLetterProperties',
      description: 'Other headers are those that it came with.',
      additionalProperties: true,
    },
  );
}
