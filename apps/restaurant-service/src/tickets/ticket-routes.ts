import { Type, type Static } from '@sinclair/typebox';
import type { Kysely } from 'kysely';
import { OrderId, OrderItem, RestaurantId, TicketId } from 'messages';
import { HttpProblem, ProblemSchema, type HttpApp } from 'service-kit';
import type { Database, TicketRow } from '../database.js';
import { TICKET_STATUSES } from './ticket.js';
import { findTicket, findTicketsOfOrder } from './ticket-queries.js';

const TICKET_NOT_FOUND = { code: 'TICKET_NOT_FOUND', status: 404, title: 'There is no such ticket' };

const TicketView = Type.Object({
  id: TicketId,
  orderId: OrderId,
  restaurantId: RestaurantId,
  status: Type.Union(
    TICKET_STATUSES.map((status) => Type.Literal(status)),
    { description: 'CREATE_PENDING: its saga has not decided yet.' },
  ),
  items: Type.Array(OrderItem, { description: 'What is to be cooked.' }),
  createdAt: Type.String({ description: 'ISO 8601.' }),
  updatedAt: Type.String({ description: 'ISO 8601.' }),
});

const problems = { '4xx': ProblemSchema, '5xx': ProblemSchema };

/** Adds `GET /tickets/:id` and `GET /tickets?orderId=`. */
export function ticketRoutes(app: HttpApp, database: Kysely<Database>): void {
  app.get(
    '/tickets/:id',
    { schema: { params: Type.Object({ id: TicketId }), response: { 200: TicketView, ...problems } } },
    async ({ params }) => {
      const ticket = await findTicket(database, params.id);
      if (!ticket) throw new HttpProblem(TICKET_NOT_FOUND, `There is no ticket ${params.id}.`);
      return viewOf(ticket);
    },
  );

  app.get(
    '/tickets',
    {
      schema: {
        querystring: Type.Object({ orderId: OrderId }),
        response: { 200: Type.Array(TicketView), ...problems },
      },
    },
    async ({ query }) => (await findTicketsOfOrder(database, query.orderId)).map(viewOf),
  );
}

function viewOf(ticket: TicketRow): Static<typeof TicketView> {
  return {
    id: ticket.id,
    orderId: ticket.order_id,
    restaurantId: ticket.restaurant_id,
    status: ticket.status,
    items: [...ticket.items],
    createdAt: ticket.created_at.toISOString(),
    updatedAt: ticket.updated_at.toISOString(),
  };
}
