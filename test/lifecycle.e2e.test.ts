/** How services begin and end. */
import { get, post } from './support/http.js';
import { startService, type ServiceName } from './support/service-process.js';
import { startStack, type Stack } from './support/stack.js';
import { waitFor } from './support/wait-for.js';

interface Order {
  readonly id: string;
  readonly status: string;
}

const SERVICES: readonly ServiceName[] = [
  'order-service',
  'consumer-service',
  'restaurant-service',
  'accounting-service',
];
const ORDER = { consumerId: 70, restaurantId: 1, cardId: 1, price: 2000, items: [{ name: 'Dish 1', quantity: 2 }] };
// Nothing listens there.
const NOWHERE = { AMQP_URL: 'amqp://127.0.0.1:1', DATABASE_URL: 'postgres://127.0.0.1:1/nowhere' };

describe('settings', () => {
  test.each(SERVICES)('%s says in one line what is missing, and ends with 1', async (name) => {
    const service = startService(name, { AMQP_URL: NOWHERE.AMQP_URL });
    expect(await service.exited).toBe(1);
    expect(service.output()).toMatch(/^[^\n]*DATABASE_URL is missing[^\n]*\n$/);
    expect(service.output()).toContain(name);
  });

  test.each([
    ['PORT', { PORT: 'eighty' }],
    ['AMQP_URL', { AMQP_URL: 'http://broker' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://host' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
  ])('a wrong %s is named', async (setting, wrong) => {
    const service = startService('order-service', { ...NOWHERE, ...wrong });
    expect(await service.exited).toBe(1);
    expect(service.output()).toMatch(new RegExp(`^[^\\n]*${setting}[^\\n]*\\n$`));
  });
});

test('a service waits for its database and its broker, says so, and can be stopped meanwhile', async () => {
  const service = startService('order-service', NOWHERE);
  const url = await waitFor('order-service to listen', () => /listening at (http:[^"]+)/.exec(service.output())?.[1]);
  expect((await get(`${url}/health/live`)).status).toBe(200);
  expect((await get(`${url}/health/ready`)).status).toBe(503);
  const order = await post(`${url}/orders`, ORDER);
  expect(order.status).toBe(503);
  expect(order.headers.get('retry-after')).toMatch(/^\d+$/);
  await service.stop();
}, 30_000);

describe('SIGTERM', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack('lifecycle');
  }, 60_000);
  afterAll(() => stack.stop(), 60_000);

  /** Another process of a service that runs already. */
  const another = async (name: ServiceName) => {
    const service = startService(name, stack.settingsOf(name));
    await service.untilReady();
    return service;
  };

  test('whoever waits for a decision is answered before the process ends', async () => {
    const service = await another('order-service');
    const order = { ...ORDER, restaurantId: 3 };
    const waiting = post<Order>(`${service.url()}/orders`, order, { prefer: 'wait=60' });
    await waitFor('the order', async () => {
      const page = await get<{ orders: (Order & { restaurantId: number })[] }>(`${stack.url('order-service')}/orders`);
      return page.body.orders.some(({ restaurantId }) => restaurantId === 3);
    });
    await service.stop();
    const { status, body } = await waiting;
    expect([status, body.status]).toEqual([202, 'APPROVAL_PENDING']);
    // The process that is left brings it to its end.
    await waitFor('the decision', async () => {
      const { body: now } = await get<Order>(`${stack.url('order-service')}/orders/${body.id}`);
      return now.status === 'REJECTED';
    });
  }, 60_000);
});
