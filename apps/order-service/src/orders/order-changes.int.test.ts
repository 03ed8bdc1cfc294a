import type { Kysely } from 'kysely';
import { migrate, openDatabase, type LocalInput } from 'saga-core';
import { uuidv7 } from 'uuidv7';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import type { CreateOrderData } from '../create-order-saga/create-order-data.js';
import type { OrderDatabase } from '../database.js';
import { orderMigrations } from '../migrations/index.js';
import { approveOrders } from './approve-orders.js';
import { createOrders } from './create-orders.js';
import { findOrders, listOrders, orderFinder, type FindOrder } from './order-queries.js';
import { rejectOrders } from './reject-orders.js';

let testDatabase: TestDatabase;
let database: Kysely<OrderDatabase>;
let findOrder: FindOrder;
beforeAll(async () => {
  testDatabase = await createTestDatabase('order_changes');
  database = openDatabase(testDatabase.url);
  findOrder = orderFinder(database);
  await migrate(database, { table: 'app_migration', migrations: orderMigrations });
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

type Input = LocalInput<CreateOrderData>;
const failure = { step: 'restaurant_service.create_ticket', code: 'RESTAURANT_CLOSED', message: 'Closed on Mondays' };

const newInput = (): Input => ({
  sagaId: uuidv7(),
  failure: null,
  data: {
    orderId: uuidv7(),
    consumerId: 1,
    restaurantId: 2,
    cardId: 3,
    price: 4,
    items: [{ name: '"Dïsh" 🍕', quantity: 5 }],
  },
});
const run = (step: typeof createOrders, inputs: readonly Input[]) =>
  database.transaction().execute((tx) => step.handleBatch(tx, inputs));
const created = async (count: number) => {
  const inputs = Array.from({ length: count }, newInput);
  await run(createOrders, inputs);
  return inputs;
};
const withParts = (input: Input): Input => ({
  ...input,
  data: { ...input.data, ticketId: uuidv7(), authorizationId: uuidv7() },
});

test('orders are created as they were given, APPROVAL_PENDING', async () => {
  const inputs = await created(3);
  const orders = await findOrders(
    database,
    inputs.map(({ data }) => data.orderId),
  );
  for (const { sagaId, data } of inputs) {
    const { orderId, ...given } = data;
    const undecided = { status: 'APPROVAL_PENDING', ticketId: null, authorizationId: null, rejection: null };
    expect(orders.get(orderId)).toMatchObject({ id: orderId, sagaId, ...given, ...undecided });
  }
});

test('a batch is approved, with each order its own ticket and authorization', async () => {
  const inputs = (await created(3)).map(withParts);
  expect(await run(approveOrders, inputs)).toHaveLength(3);
  for (const { data } of inputs) {
    const order = await findOrder(data.orderId);
    const { ticketId, authorizationId } = data;
    expect(order).toMatchObject({ status: 'APPROVED', ticketId, authorizationId, rejection: null });
    expect(Date.parse(order!.updatedAt)).toBeGreaterThanOrEqual(Date.parse(order!.createdAt));
  }
});

test('a batch is rejected, each order with its reason and what its saga came to know', async () => {
  const [early, late] = (await created(2)) as [Input, Input];
  const ticketId = uuidv7();
  await run(rejectOrders, [
    { ...early, failure },
    { ...late, data: { ...late.data, ticketId }, failure: { ...failure, code: 'CARD_BLOCKED' } },
  ]);
  expect(await findOrder(early.data.orderId)).toMatchObject({
    status: 'REJECTED',
    rejection: failure,
    ticketId: null,
  });
  expect(await findOrder(late.data.orderId)).toMatchObject({ rejection: { code: 'CARD_BLOCKED' }, ticketId });
});

test('a reason that PostgreSQL would not take is kept with what it takes of it', async () => {
  const [input] = (await created(1)) as [Input];
  await run(rejectOrders, [{ ...input, failure: { ...failure, message: 'nobody\0 will know \ud800' } }]);
  expect(await findOrder(input.data.orderId)).toMatchObject({
    rejection: { message: 'nobody\uFFFD will know \uFFFD' },
  });
});

test.each([
  ['approve', 'reject', approveOrders, rejectOrders],
  ['reject', 'approve', rejectOrders, approveOrders],
  ['approve', 'approve', approveOrders, approveOrders],
  ['reject', 'reject', rejectOrders, rejectOrders],
])(
  'after %s no order can be changed by %s, and its neighbour stays as it is',
  async (_first, _second, first, second) => {
    const [ended, pending] = (await created(2)).map((input) => ({ ...withParts(input), failure })) as [Input, Input];
    await run(first, [ended]);
    const before = await findOrder(ended.data.orderId);
    await expect(run(second, [pending, ended])).rejects.toThrow(`not APPROVAL_PENDING: order ${ended.data.orderId}`);
    expect(await findOrder(ended.data.orderId)).toEqual(before);
    expect(await findOrder(pending.data.orderId)).toMatchObject({ status: 'APPROVAL_PENDING' });
  },
);

test('no saga can end the order of another one', async () => {
  const [input] = (await created(1)) as [Input];
  await expect(run(rejectOrders, [{ ...input, sagaId: uuidv7(), failure }])).rejects.toThrow('not APPROVAL_PENDING');
});

test('the table itself refuses an approval without ticket, and a rejection without a reason', async () => {
  const inputs = await created(2);
  await expect(run(approveOrders, inputs)).rejects.toThrow(/check constraint/);
  await expect(run(rejectOrders, inputs)).rejects.toThrow(/check constraint/);
});

test('orders are found together, each for its caller, whatever the case of its id', async () => {
  const inputs = await created(3);
  const ids = inputs.map(({ data }) => data.orderId);
  const asked = [ids[2]!, uuidv7(), ids[0]!.toUpperCase(), ids[1]!, ids[1]!];
  const found = await Promise.all(asked.map(findOrder));
  expect(found.map((order) => order?.id ?? null)).toEqual([ids[2], null, ids[0], ids[1], ids[1]]);
});

describe('listOrders', () => {
  test('pages neither double nor hide an order while others come', async () => {
    const inputs = await created(5);
    const seen: string[] = [];
    let olderThan: string | null = null;
    do {
      const page = await listOrders(database, { limit: 2, olderThan });
      seen.push(...page.orders.map(({ id }) => id));
      await created(1);
      olderThan = page.more ? seen.at(-1)! : null;
    } while (olderThan !== null);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
    expect(seen).toEqual(expect.arrayContaining(inputs.map(({ data }) => data.orderId)));
  });

  test('pages of one status hold no other', async () => {
    const inputs = (await created(3)).map((input) => ({ ...input, failure }));
    await run(rejectOrders, inputs);
    const { orders, more } = await listOrders(database, { status: 'REJECTED', limit: 2, olderThan: null });
    expect(orders.map(({ id }) => id)).toEqual(
      inputs
        .slice(1)
        .map(({ data }) => data.orderId)
        .reverse(),
    );
    expect(more).toBe(true);
  });
});
