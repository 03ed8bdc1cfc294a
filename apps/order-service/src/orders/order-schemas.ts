/**
 * What the HTTP API takes and gives about orders: types, validation and the OpenAPI document come from these schemas.
 */
import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { UUID_PATTERN_ANY_CASE } from 'saga-core';
import { ORDER_STATUSES, type OrderStatus } from './order.js';

const MAX_INTEGER = 2_147_483_647;
/** No control characters and no half of a surrogate pair: the database's JSON takes neither, and no dish needs them. */
const PRINTABLE_PATTERN = '^([^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])*$';

const numericId = (description: string, example: number) =>
  Type.Integer({ minimum: 1, maximum: MAX_INTEGER, description, examples: [example] });

/** A UUID as this API takes and gives it. */
export const uuid = (description: string, example: string) =>
  Type.String({ pattern: UUID_PATTERN_ANY_CASE, description, examples: [example] });

const Item = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: PRINTABLE_PATTERN,
      description: 'A dish, by its name on the menu of the restaurant. Control characters are refused.',
      examples: ['Dish 1'],
    }),
    quantity: Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'How many portions of it.', examples: [2] }),
  },
  { additionalProperties: false, description: 'So many portions of one dish.' },
);

const properties = {
  consumerId: numericId('Who orders.', 70),
  restaurantId: numericId('Who cooks.', 1),
  cardId: numericId('The card that pays.', 1),
  price: Type.Integer({
    minimum: 1,
    maximum: MAX_INTEGER,
    description: 'What the order costs, in minor units: 2000 is 20.00.',
    examples: [2000],
  }),
  items: Type.Array(Item, { minItems: 1, maxItems: 100, description: 'What is ordered.' }),
};

/** The body of `POST /orders`. */
export const NewOrder = Type.Object(properties, {
  additionalProperties: false,
  description: 'What a consumer orders.',
});
export type NewOrder = Static<typeof NewOrder>;

// Validated by the pattern, documented by the enum: a page shows three choices, and not three schemas.
const Status = Type.Unsafe<OrderStatus>(
  Type.String({
    pattern: `^(${ORDER_STATUSES.join('|')})$`,
    enum: [...ORDER_STATUSES],
    description: 'APPROVAL_PENDING while its saga runs; then APPROVED or REJECTED, for good.',
  }),
);

const Rejection = Type.Object(
  {
    step: Type.String({ description: 'The step that failed.', examples: ['accounting_service.authorize_card'] }),
    code: Type.String({ description: 'Why, for programs.', examples: ['LIMIT_EXCEEDED'] }),
    message: Type.String({ description: 'Why, for people.', examples: ['The card allows 5000 at once, not 8000'] }),
  },
  { description: 'Who said no, and why.' },
);

const nullable = <Schema extends TSchema>(schema: Schema, description: string) =>
  Type.Union([schema, Type.Null()], { description });

const timestamp = (description: string) =>
  Type.String({ format: 'date-time', description, examples: ['2026-01-31T12:00:00.000Z'] });

/** An order, as every route gives it. */
export const Order = Type.Object(
  {
    id: uuid('The order.', '019c1f2e-7b1a-7c4d-9e5f-0123456789ab'),
    status: Status,
    ...properties,
    ticketId: nullable(
      uuid('A ticket.', '0d9a1f64-30a1-4b7b-8a52-3f0c8a1f9d11'),
      "The restaurant's ticket; null until the order is decided, and when the saga never learned of one.",
    ),
    authorizationId: nullable(
      uuid('An authorization.', '5f0d3b52-6a53-4c0e-b8a1-9a3d2c7e4f10'),
      'The authorization on the card; null until the order is decided, and when the saga never learned of one.',
    ),
    rejection: nullable(Rejection, 'Why it was rejected; null unless it was.'),
    sagaId: uuid('The saga that decides it; see GET /sagas/{id}.', '019c1f2e-7b1a-7c4d-9e5f-ba9876543210'),
    createdAt: timestamp('When it was taken.'),
    updatedAt: timestamp('When its status changed last.'),
  },
  { description: 'An order and what became of it.' },
);
export type Order = Static<typeof Order>;

/** The query of `GET /orders`. */
export const OrderListQuery = Type.Object(
  {
    status: Type.Optional(Status),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'How many at most.' })),
    // Without an example: the page would send it.
    cursor: Type.Optional(
      Type.String({ maxLength: 100, description: '`nextCursor` of the page before; none for the first page.' }),
    ),
  },
  { additionalProperties: false },
);
