import { Type, type Static } from '@sinclair/typebox';
import type { Kysely } from 'kysely';
import { Amount, AuthorizationId, CardId, ConsumerId, OrderId } from 'messages';
import { HttpProblem, ProblemSchema, type HttpApp } from 'service-kit';
import type { AuthorizationRow, Database } from '../database.js';
import { AUTHORIZATION_STATUSES } from './authorization.js';
import { findAuthorization, findAuthorizationsOfOrder } from './authorization-queries.js';

const AUTHORIZATION_NOT_FOUND = {
  code: 'AUTHORIZATION_NOT_FOUND',
  status: 404,
  title: 'There is no such authorization',
};

const AuthorizationView = Type.Object({
  id: AuthorizationId,
  orderId: OrderId,
  consumerId: ConsumerId,
  cardId: CardId,
  amount: Amount,
  status: Type.Union(
    AUTHORIZATION_STATUSES.map((status) => Type.Literal(status)),
    { description: 'Whether the amount is reserved.' },
  ),
  createdAt: Type.String({ description: 'ISO 8601.' }),
  updatedAt: Type.String({ description: 'ISO 8601.' }),
});

const problems = { '4xx': ProblemSchema, '5xx': ProblemSchema };

/** Adds `GET /authorizations/:id` and `GET /authorizations?orderId=`. */
export function authorizationRoutes(app: HttpApp, database: Kysely<Database>): void {
  app.get(
    '/authorizations/:id',
    { schema: { params: Type.Object({ id: AuthorizationId }), response: { 200: AuthorizationView, ...problems } } },
    async ({ params }) => {
      const authorization = await findAuthorization(database, params.id);
      if (!authorization) throw new HttpProblem(AUTHORIZATION_NOT_FOUND, `There is no authorization ${params.id}.`);
      return viewOf(authorization);
    },
  );

  app.get(
    '/authorizations',
    {
      schema: {
        querystring: Type.Object({ orderId: OrderId }),
        response: { 200: Type.Array(AuthorizationView), ...problems },
      },
    },
    async ({ query }) => (await findAuthorizationsOfOrder(database, query.orderId)).map(viewOf),
  );
}

function viewOf(authorization: AuthorizationRow): Static<typeof AuthorizationView> {
  const { id, order_id, consumer_id, card_id, amount, status, created_at, updated_at } = authorization;
  return {
    id,
    orderId: order_id,
    consumerId: consumer_id,
    cardId: card_id,
    amount,
    status,
    createdAt: created_at.toISOString(),
    updatedAt: updated_at.toISOString(),
  };
}
