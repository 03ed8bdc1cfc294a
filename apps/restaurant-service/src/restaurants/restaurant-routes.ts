import { Type } from '@sinclair/typebox';
import type { Kysely } from 'kysely';
import { RestaurantId } from 'messages';
import { HttpProblem, ProblemSchema, type HttpApp } from 'service-kit';
import type { Database } from '../database.js';
import { findRestaurants } from './restaurant-queries.js';

const RESTAURANT_NOT_FOUND = { code: 'RESTAURANT_NOT_FOUND', status: 404, title: 'There is no such restaurant' };

const RestaurantView = Type.Object({
  id: RestaurantId,
  name: Type.String({ description: "The restaurant's name." }),
  status: Type.Union([Type.Literal('OPEN'), Type.Literal('CLOSED')], {
    description: 'Whether it takes orders at present.',
  }),
  menu: Type.Array(Type.String(), { description: 'The names of its dishes.' }),
});

/** Adds `GET /restaurants/:id`. */
export function restaurantRoutes(app: HttpApp, database: Kysely<Database>): void {
  app.get(
    '/restaurants/:id',
    {
      schema: {
        params: Type.Object({ id: RestaurantId }),
        response: { 200: RestaurantView, '4xx': ProblemSchema, '5xx': ProblemSchema },
      },
    },
    async ({ params }) => {
      const restaurant = (await findRestaurants(database, [params.id])).get(params.id);
      if (!restaurant) throw new HttpProblem(RESTAURANT_NOT_FOUND, `There is no restaurant ${params.id}.`);
      const { id, name, status, menu } = restaurant;
      return { id, name, status, menu: [...menu] };
    },
  );
}
