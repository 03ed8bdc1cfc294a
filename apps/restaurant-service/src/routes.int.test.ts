import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { migrate, openDatabase } from 'saga-core';
import { createHttpApp, createLogger, type HttpApp } from 'service-kit';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import type { Database } from './database.js';
import { migrations } from './migrations/index.js';
import { restaurantRoutes } from './restaurants/restaurant-routes.js';
import { seed } from './seed.js';
import { insertTickets } from './tickets/ticket-queries.js';
import { ticketRoutes } from './tickets/ticket-routes.js';

describe('the routes of restaurant-service', () => {
  let testDatabase: TestDatabase;
  let database: Kysely<Database>;
  let app: HttpApp;
  const ticket = { id: randomUUID(), orderId: randomUUID(), restaurantId: 1, items: [{ name: 'Dish 1', quantity: 2 }] };

  beforeAll(async () => {
    testDatabase = await createTestDatabase('restaurant_routes');
    database = openDatabase(testDatabase.url);
    await migrate(database, { table: 'app_migration', migrations });
    await seed(database);
    await database.transaction().execute((tx) => insertTickets(tx, [ticket]));
    app = createHttpApp(await createLogger('test', 'silent'));
    restaurantRoutes(app, database);
    ticketRoutes(app, database);
  });

  afterAll(async () => {
    await app.close();
    await database.destroy();
    await testDatabase.drop();
  });

  const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
  const view = { ...ticket, status: 'CREATE_PENDING', createdAt: ISO, updatedAt: ISO };

  it('show a ticket, by its id and by its order', async () => {
    expect((await app.inject(`/tickets/${ticket.id}`)).json()).toEqual(view);
    expect((await app.inject(`/tickets?orderId=${ticket.orderId}`)).json()).toEqual([view]);
    expect((await app.inject(`/tickets?orderId=${randomUUID()}`)).json()).toEqual([]);
  });

  it('show a restaurant and its menu', async () => {
    const menu = ['Dish 1', 'Dish 2', 'Dish 3', 'Dish 4', 'Dish 5'];
    expect((await app.inject('/restaurants/1')).json()).toEqual({ id: 1, name: 'Ajanta', status: 'OPEN', menu });
  });

  it.each([
    [`/tickets/${randomUUID()}`, 404, 'TICKET_NOT_FOUND'],
    ['/tickets/17', 400, 'INVALID_REQUEST'],
    ['/tickets', 400, 'INVALID_REQUEST'],
    ['/tickets?orderId=17', 400, 'INVALID_REQUEST'],
    ['/restaurants/99', 404, 'RESTAURANT_NOT_FOUND'],
    ['/restaurants/one', 400, 'INVALID_REQUEST'],
  ])('answer %s with %d %s', async (url, status, code) => {
    const response = await app.inject(url);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ status, code });
  });
});
