import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { migrate, openDatabase } from 'saga-core';
import { createHttpApp, createLogger, type HttpApp } from 'service-kit';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import type { Database } from '../database.js';
import { migrations } from '../migrations/index.js';
import { seed } from '../seed.js';
import { insertAuthorizations } from './authorization-queries.js';
import { authorizationRoutes } from './authorization-routes.js';

describe('the routes of accounting-service', () => {
  let testDatabase: TestDatabase;
  let database: Kysely<Database>;
  let app: HttpApp;
  const authorization = { id: randomUUID(), orderId: randomUUID(), consumerId: 70, cardId: 1, amount: 2000 };

  beforeAll(async () => {
    testDatabase = await createTestDatabase('authorization_routes');
    database = openDatabase(testDatabase.url);
    await migrate(database, { table: 'app_migration', migrations });
    await seed(database);
    await database.transaction().execute((tx) => insertAuthorizations(tx, [authorization]));
    app = createHttpApp(await createLogger('test', 'silent'));
    authorizationRoutes(app, database);
  });

  afterAll(async () => {
    await app.close();
    await database.destroy();
    await testDatabase.drop();
  });

  const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
  const view = { ...authorization, status: 'AUTHORIZED', createdAt: ISO, updatedAt: ISO };

  it('show an authorization, by its id and by its order', async () => {
    expect((await app.inject(`/authorizations/${authorization.id}`)).json()).toEqual(view);
    expect((await app.inject(`/authorizations?orderId=${authorization.orderId}`)).json()).toEqual([view]);
    expect((await app.inject(`/authorizations?orderId=${randomUUID()}`)).json()).toEqual([]);
  });

  it.each([
    [`/authorizations/${randomUUID()}`, 404, 'AUTHORIZATION_NOT_FOUND'],
    ['/authorizations/17', 400, 'INVALID_REQUEST'],
    ['/authorizations', 400, 'INVALID_REQUEST'],
  ])('answer %s with %d %s', async (url, status, code) => {
    const response = await app.inject(url);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ status, code });
  });
});
