/** Databases in which somebody has set what he likes better. */
import { expectHealed, placeBatch } from './support/batch.js';
import { startStack, type Stack } from './support/stack.js';

const SERVICES = ['order-service', 'consumer-service', 'restaurant-service', 'accounting-service'] as const;
const DEFAULTS = {
  datestyle: 'German',
  intervalstyle: 'sql_standard',
  timezone: 'Asia/Kathmandu',
  extra_float_digits: '-15',
  search_path: 'elsewhere',
  client_encoding: 'LATIN1',
  default_transaction_isolation: 'serializable',
  array_nulls: 'off',
};

let stack: Stack;
beforeAll(async () => {
  stack = await startStack('unusual');
}, 90_000);
afterAll(() => stack.stop(), 60_000);

test('every order comes to its end in them', async () => {
  for (const service of SERVICES) {
    for (const [setting, value] of Object.entries(DEFAULTS))
      await stack.query(
        service,
        `do $$ begin execute format('alter database %I set ${setting} = %L', current_database(), '${value}'); end $$`,
      );
    await stack.replace(service);
  }
  await expectHealed(stack, await placeBatch(stack, 4));
}, 90_000);
