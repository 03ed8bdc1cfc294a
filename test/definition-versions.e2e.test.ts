/** A service that lacks a definition which living sagas need does not start, and says so in one line. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { startService } from './support/service-process.js';
import { startStack, type Stack } from './support/stack.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack('definitions', ['order-service']);
}, 60_000);
afterAll(() => stack.stop(), 60_000);

test('order-service ends with 1 and names the version', async () => {
  const settings = stack.settingsOf('order-service');
  const client = new pg.Client(settings.DATABASE_URL);
  await client.connect();
  await client.query(
    `insert into saga_instance (saga_id, saga_name, definition_version, status, version, sequence, data, actions, created_at, updated_at)
     values ($1, 'create_order_saga', 9, 'stuck', 1, 1, '{}', '[]', now(), now())`,
    [randomUUID()],
  );
  await client.end();
  const service = startService('order-service', settings);
  expect(await service.exited).toBe(1);
  const said = service
    .output()
    .split('\n')
    .filter((line) => line.includes('DEFINITION_MISSING'));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('1 living instance of create_order_saga version 9 (1 stuck)');
}, 60_000);
