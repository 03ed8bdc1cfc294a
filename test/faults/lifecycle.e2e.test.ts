/** Processes that begin together, and that leave in the middle of work. */
import { createTestBroker, type TestBroker } from '../support/broker.js';
import { createTestDatabase } from '../support/database.js';
import { get, post } from '../support/http.js';
import { LONG_FORM } from '../support/long-form.js';
import { startService, type ServiceName } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

interface Order {
  readonly id: string;
  readonly status: string;
}

/** One with sagas and one participant, and in the long form all. */
const SERVICES: readonly ServiceName[] = [
  'order-service',
  'restaurant-service',
  ...(LONG_FORM ? (['consumer-service', 'accounting-service'] as const) : []),
];
const ORDER = { consumerId: 70, restaurantId: 1, cardId: 1, price: 2000, items: [{ name: 'Dish 1', quantity: 2 }] };

describe('two processes of one service', () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await createTestBroker('twins');
  });
  afterAll(() => broker.drop());

  test.each(SERVICES)(
    '%s: both make the missing database together',
    async (name) => {
      const database = await createTestDatabase('twins');
      await database.drop();
      const settings = { AMQP_URL: broker.amqpUrl, DATABASE_URL: database.url };
      const twins = [startService(name, settings), startService(name, settings)];
      try {
        await Promise.all(twins.map((twin) => twin.untilReady()));
        for (const twin of twins) expect(twin.output()).not.toMatch(/"level":"(error|fatal)"/);
      } finally {
        await Promise.all(twins.map((twin) => twin.stop()));
        await database.drop();
      }
    },
    60_000,
  );
});

describe('SIGTERM', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack('departures');
  }, 60_000);
  afterAll(() => stack.stop(), 60_000);

  test.each(SERVICES)(
    '%s leaves in the middle of work, and nothing gets lost',
    async (name) => {
      // Another process of a service that runs already.
      const leaving = startService(name, stack.settingsOf(name));
      await leaving.untilReady();
      const url = name === 'order-service' ? leaving.url() : stack.url('order-service');
      const placed = await Promise.all(Array.from({ length: 40 }, () => post<Order>(`${url}/orders`, ORDER)));
      await leaving.stop();
      expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([202]));
      const decided = async ({ body }: { body: Order }) =>
        (await get<Order>(`${stack.url('order-service')}/orders/${body.id}`)).body.status !== 'APPROVAL_PENDING';
      await waitFor('all decisions', async () => (await Promise.all(placed.map(decided))).every(Boolean), 40_000);
      const orders = await Promise.all(
        placed.map(({ body }) => get<Order>(`${stack.url('order-service')}/orders/${body.id}`)),
      );
      expect(new Set(orders.map(({ body }) => body.status))).toEqual(new Set(['APPROVED']));
    },
    90_000,
  );
});
