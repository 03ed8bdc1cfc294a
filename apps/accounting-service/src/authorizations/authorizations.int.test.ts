import { randomUUID } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { accountingService } from 'messages';
import { isRefusal, migrate, openDatabase } from 'saga-core';
import { commandOf } from '../../../../test/support/commands.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import type { Database } from '../database.js';
import { migrations } from '../migrations/index.js';
import { seed } from '../seed.js';
import { findAuthorizationsOfOrder } from './authorization-queries.js';
import { authorizeCards } from './authorize-cards.js';
import { reverseAuthorizations } from './reverse-authorizations.js';

const { authorizeCard, reverseAuthorization } = accountingService.commands;

describe('authorizations', () => {
  let testDatabase: TestDatabase;
  let database: Kysely<Database>;

  beforeAll(async () => {
    testDatabase = await createTestDatabase('authorizations');
    database = openDatabase(testDatabase.url);
    await migrate(database, { table: 'app_migration', migrations });
    await seed(database);
  });

  afterAll(async () => {
    await database.destroy();
    await testDatabase.drop();
  });

  type Payment = { orderId?: string; cardId?: number; amount?: number };
  const authorize = (...payments: Payment[]) => {
    const commands = payments.map(({ orderId = randomUUID(), cardId = 1, amount = 2000 }) =>
      commandOf(authorizeCard, { orderId, consumerId: 70, cardId, amount }),
    );
    return database.transaction().execute((tx) => authorizeCards(tx, commands));
  };
  const reverse = (...orderIds: string[]) => {
    const commands = orderIds.map((orderId) =>
      commandOf(reverseAuthorization, { orderId, actionId: `${randomUUID()}:4` }),
    );
    return database.transaction().execute((tx) => reverseAuthorizations(tx, commands));
  };
  const statusOf = async (orderId: string) =>
    (await findAuthorizationsOfOrder(database, orderId)).map(({ status }) => status);

  it('are written for the commands of a batch that the cards allow, and only for them', async () => {
    const orderIds = Array.from({ length: 6 }, () => randomUUID());
    const cases = [{ amount: 8000 }, {}, { cardId: 2 }, { cardId: 99 }, { cardId: 3, amount: 8000 }, { amount: 5000 }];
    const answers = await authorize(...cases.map((payment, index) => ({ ...payment, orderId: orderIds[index]! })));
    expect(answers.map((answer) => (isRefusal(answer) ? answer.code : 'authorized'))).toEqual([
      'LIMIT_EXCEEDED',
      'authorized',
      'CARD_BLOCKED',
      'CARD_NOT_FOUND',
      'authorized',
      'authorized',
    ]);
    expect((await Promise.all(orderIds.map(statusOf))).map(({ length }) => length)).toEqual([0, 1, 0, 0, 1, 1]);
    expect(await findAuthorizationsOfOrder(database, orderIds[1]!)).toMatchObject([
      {
        id: (answers[1] as { authorizationId: string }).authorizationId,
        consumer_id: 70,
        card_id: 1,
        amount: 2000,
        status: 'AUTHORIZED',
      },
    ]);
  });

  it('are one for each order, within a batch as well', async () => {
    const orderId = randomUUID();
    expect(await authorize({ orderId }, { orderId })).toMatchObject([
      { authorizationId: expect.any(String) as string },
      { code: 'ORDER_HAS_AUTHORIZATION' },
    ]);
  });

  it('are reversed, also a second time, and stay so', async () => {
    const orderIds = [randomUUID(), randomUUID()];
    await authorize(...orderIds.map((orderId) => ({ orderId })));
    expect(await reverse(orderIds[0]!)).toEqual([{}]);
    const [first] = await findAuthorizationsOfOrder(database, orderIds[0]!);
    expect(await reverse(...orderIds.toReversed())).toEqual([{}, {}]);
    expect(await findAuthorizationsOfOrder(database, orderIds[0]!)).toEqual([first]);
    expect(await statusOf(orderIds[1]!)).toEqual(['REVERSED']);
    expect(await authorize({ orderId: orderIds[0]! })).toMatchObject([{ code: 'ORDER_HAS_AUTHORIZATION' }]);
  });

  it('have no status but the two', async () => {
    const orderId = randomUUID();
    await authorize({ orderId });
    const change = sql`update card_authorization set status = 'CAPTURED' where order_id = ${orderId}`.execute(database);
    await expect(change).rejects.toThrow('card_authorization_status_check');
  });
});
