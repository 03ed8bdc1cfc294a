import { Type } from '@sinclair/typebox';
import type { Kysely } from 'kysely';
import { ConsumerId } from 'messages';
import { HttpProblem, ProblemSchema, type HttpApp } from 'service-kit';
import type { Database } from '../database.js';
import { findConsumers } from './consumer-queries.js';

const CONSUMER_NOT_FOUND = { code: 'CONSUMER_NOT_FOUND', status: 404, title: 'There is no such consumer' };

const ConsumerView = Type.Object({
  id: ConsumerId,
  name: Type.String({ description: "The consumer's name." }),
  status: Type.Union([Type.Literal('ACTIVE'), Type.Literal('SUSPENDED')], {
    description: 'Who is SUSPENDED may not order.',
  }),
});

/** Adds `GET /consumers/:id`. */
export function consumerRoutes(app: HttpApp, database: Kysely<Database>): void {
  app.get(
    '/consumers/:id',
    {
      schema: {
        params: Type.Object({ id: ConsumerId }),
        response: { 200: ConsumerView, '4xx': ProblemSchema, '5xx': ProblemSchema },
      },
    },
    async ({ params }) => {
      const consumer = (await findConsumers(database, [params.id])).get(params.id);
      if (!consumer) throw new HttpProblem(CONSUMER_NOT_FOUND, `There is no consumer ${params.id}.`);
      return consumer;
    },
  );
}
