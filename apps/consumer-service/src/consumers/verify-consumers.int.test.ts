import type { Kysely } from 'kysely';
import { consumerService } from 'messages';
import { migrate, openDatabase } from 'saga-core';
import { commandOf } from '../../../../test/support/commands.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import type { Database } from '../database.js';
import { migrations } from '../migrations/index.js';
import { seed } from '../seed.js';
import { verifyConsumers } from './verify-consumers.js';

const { verifyConsumerDetails } = consumerService.commands;
const orderId = '0190b0a0-0000-7000-8000-000000000001';

describe('verify_consumer_details', () => {
  let testDatabase: TestDatabase;
  let database: Kysely<Database>;

  beforeAll(async () => {
    testDatabase = await createTestDatabase('consumers');
    database = openDatabase(testDatabase.url);
    await migrate(database, { table: 'app_migration', migrations });
    await seed(database);
  });

  afterAll(async () => {
    await database.destroy();
    await testDatabase.drop();
  });

  const verify = (...consumerIds: number[]) => {
    const commands = consumerIds.map((consumerId) => commandOf(verifyConsumerDetails, { orderId, consumerId }));
    return database.transaction().execute((tx) => verifyConsumers(tx, commands));
  };

  it('answers each command of a batch in its place', async () => {
    expect(await verify(10, 70, 999, 70)).toMatchObject([
      { kind: 'refusal', code: 'CONSUMER_SUSPENDED' },
      { name: 'Kenneth Salem' },
      { kind: 'refusal', code: 'CONSUMER_NOT_FOUND' },
      { name: 'Kenneth Salem' },
    ]);
  });

  it('is not disturbed by a second start, nor by one at the same time', async () => {
    await Promise.all([seed(database), seed(database)]);
    expect(await verify(70)).toEqual([{ name: 'Kenneth Salem' }]);
  });
});
