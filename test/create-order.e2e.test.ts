/** The create-order saga over the four real services: each way in which an order can go, seen from outside. */
import { connect } from 'amqplib';
import { takeDeadLetters } from './support/dead-letters.js';
import { get, post } from './support/http.js';
import { ACTIONS, STEPS, UNDOS } from './support/saga-tasks.js';
import { startStack, type Stack } from './support/stack.js';
import { waitFor } from './support/wait-for.js';
import { captureWire, QUEUES, type WireCapture } from './support/wire-capture.js';
import { undocumentedIn, wireDocuments, type WireDocument } from './support/wire-documents.js';

interface Order {
  readonly id: string;
  readonly sagaId: string;
  readonly status: string;
  readonly ticketId: string | null;
  readonly authorizationId: string | null;
  readonly rejection: { step: string; code: string; message: string } | null;
}
interface Saga {
  readonly status: string;
  readonly awaited: unknown;
  readonly endedAt: string | null;
  readonly history: readonly {
    at: string;
    type: string;
    step?: string;
    attempt?: number;
    code?: string;
    message?: string;
  }[];
}
interface Part {
  readonly id: string;
  readonly status: string;
}

const ORDER = { consumerId: 70, restaurantId: 1, cardId: 1, price: 2000, items: [{ name: 'Dish 1', quantity: 2 }] };

let stack: Stack;
let wire: WireCapture;
beforeAll(async () => {
  stack = await startStack('create_order');
  wire = await captureWire(stack.broker.amqpUrl);
}, 60_000);
afterAll(async () => {
  await wire.close();
  await stack.stopServices();
  const counts = await stack.broker.messageCounts();
  await stack.stop();
  // Nothing is left over, in no queue, and nothing was dead-lettered.
  expect(Object.keys(counts)).toHaveLength(2 * QUEUES.length);
  expect(Object.values(counts).every((count) => count === 0)).toBe(true);
}, 60_000);

/** Places an order, waits for its end, and looks at all that came of it. */
async function place(changes: Partial<typeof ORDER>) {
  const began = performance.now();
  const placed = await post<Order>(
    `${stack.url('order-service')}/orders`,
    { ...ORDER, ...changes },
    { prefer: 'wait=30' },
  );
  const tookMs = performance.now() - began;
  const { id } = placed.body;
  const order = await get<Order>(`${stack.url('order-service')}/orders/${id}`);
  const saga = await get<Saga>(`${stack.url('order-service')}/sagas/${placed.body.sagaId}`);
  const tickets = await get<Part[]>(`${stack.url('restaurant-service')}/tickets?orderId=${id}`);
  const authorizations = await get<Part[]>(`${stack.url('accounting-service')}/authorizations?orderId=${id}`);
  expect(placed.status).toBe(201);
  expect(placed.headers.get('location')).toBe(`orders/${id}`);
  expect(placed.headers.get('preference-applied')).toBe('wait=30');
  expect(order.body).toEqual(placed.body);
  return {
    tookMs,
    order: order.body,
    saga: saga.body,
    tickets: tickets.body,
    authorizations: authorizations.body,
    /** `type step attempt` of each entry that says how a step went. */
    steps: saga.body.history
      .filter(({ type }) => type.startsWith('step_'))
      .map(({ type, step, attempt }) => `${type} ${step} ${attempt}`),
  };
}

/** @returns what came after an entry; a step before it that did not succeed at once is an error */
function since(entry: string, steps: readonly string[]): readonly string[] {
  const place = steps.indexOf(entry);
  if (place < 0) throw new Error(`There is no ${entry} in ${steps.join(', ')}`);
  expect(steps.slice(0, place)).toEqual(STEPS.slice(0, place).map((name) => `step_succeeded ${name} 1`));
  return steps.slice(place + 1);
}

test('a good order is approved, with an approved ticket and one authorization', async () => {
  const { order, saga, tickets, authorizations, steps } = await place({});
  expect(order).toMatchObject({ status: 'APPROVED', rejection: null, ...ORDER });
  expect(tickets).toEqual([expect.objectContaining({ id: order.ticketId, status: 'APPROVED' })]);
  expect(authorizations).toEqual([expect.objectContaining({ id: order.authorizationId, status: 'AUTHORIZED' })]);
  expect(saga).toMatchObject({ status: 'completed', awaited: null });
  expect(saga.endedAt).not.toBeNull();
  expect(steps).toEqual(STEPS.map((name) => `step_succeeded ${name} 1`));
});

test('a consumer who may not order is refused before anything else happens', async () => {
  const { order, saga, tickets, authorizations, steps } = await place({ consumerId: 10 });
  const step = 'consumer_service.verify_consumer_details';
  expect(order).toMatchObject({ status: 'REJECTED', rejection: { step, code: 'CONSUMER_SUSPENDED' } });
  expect([order.ticketId, order.authorizationId]).toEqual([null, null]);
  expect(tickets).toEqual([]);
  expect(authorizations).toEqual([]);
  expect(saga.status).toBe('compensated');
  expect(since(`step_refused ${step} 1`, steps)).toEqual(['step_succeeded reject_order 1']);
});

test('a price over the limit of the card is refused, and the ticket is rejected', async () => {
  const { order, saga, tickets, authorizations, steps } = await place({ price: 8000 });
  const step = 'accounting_service.authorize_card';
  expect(order).toMatchObject({ status: 'REJECTED', rejection: { step, code: 'LIMIT_EXCEEDED' } });
  expect(tickets).toEqual([expect.objectContaining({ id: order.ticketId, status: 'REJECTED' })]);
  expect(authorizations).toEqual([]);
  expect(saga.status).toBe('compensated');
  expect(since(`step_refused ${step} 1`, steps)).toEqual([
    'step_succeeded restaurant_service.reject_ticket 1',
    'step_succeeded reject_order 1',
  ]);
});

test('a dish that is not on the menu is refused by the restaurant', async () => {
  const { order, saga, tickets, authorizations } = await place({ items: [{ name: 'Dish 99', quantity: 1 }] });
  const step = 'restaurant_service.create_ticket';
  expect(order).toMatchObject({ status: 'REJECTED', rejection: { step, code: 'DISH_NOT_ON_MENU' }, ticketId: null });
  expect(order.rejection?.message).toContain('Dish 99');
  expect(tickets).toEqual([]);
  expect(authorizations).toEqual([]);
  expect(saga.status).toBe('compensated');
});

test('an approval that fails twice is tried until it succeeds, and each attempt is in the history', async () => {
  const { order, saga, tickets, authorizations, steps } = await place({ restaurantId: 2 });
  expect(order).toMatchObject({ status: 'APPROVED', rejection: null });
  expect(tickets).toEqual([expect.objectContaining({ id: order.ticketId, status: 'APPROVED' })]);
  expect(authorizations).toHaveLength(1);
  expect(saga.status).toBe('completed');
  const step = 'restaurant_service.approve_ticket';
  expect(steps.filter((entry) => entry.includes(step))).toEqual([
    `step_failed ${step} 1`,
    `step_failed ${step} 2`,
    `step_succeeded ${step} 3`,
  ]);
  const failures = saga.history.filter((entry) => entry.type === 'step_failed');
  for (const { code, message } of failures)
    expect([code, message]).toEqual(['HANDLER_FAILED', expect.stringMatching(/./)]);
  expect(saga.history.filter(({ type }) => type === 'retry_scheduled')).toHaveLength(2);
});

test('a restaurant that never answers is given up in seconds, and the ticket that it may have made is rejected', async () => {
  const { order, saga, tickets, authorizations, steps, tookMs } = await place({ restaurantId: 3 });
  const step = 'restaurant_service.create_ticket';
  expect(order).toMatchObject({ status: 'REJECTED', rejection: { step, code: 'REPLY_TIMEOUT' }, ticketId: null });
  expect(tickets).toEqual([expect.objectContaining({ status: 'REJECTED' })]);
  expect(authorizations).toEqual([]);
  expect(saga.status).toBe('compensated');
  expect(since(`step_timed_out ${step} 1`, steps)).toEqual([
    `step_timed_out ${step} 2`,
    'step_succeeded restaurant_service.reject_ticket 1',
    'step_succeeded reject_order 1',
  ]);
  expect(tookMs).toBeLessThan(8_000);
}, 40_000);

test('an order that the orchestrator itself cannot put into a command is rejected, with the reason in the history', async () => {
  const { order, saga, tickets, authorizations } = await place({ items: [{ name: 'Dish 1', quantity: 100_500 }] });
  const reason = {
    step: 'restaurant_service.create_ticket',
    code: 'COMMAND_NOT_BUILT',
    message: 'An order may have at most 10000 portions in all, and this one has 100500',
  };
  expect(order).toMatchObject({ status: 'REJECTED', rejection: reason });
  expect(saga.history).toContainEqual(expect.objectContaining({ type: 'step_failed', ...reason }));
  expect(saga.status).toBe('compensated');
  expect(tickets).toEqual([]);
  expect(authorizations).toEqual([]);
});

test('many orders at once all end, each as it should', async () => {
  const orders = Array.from({ length: 60 }, (_, index) => place(index % 3 === 2 ? { consumerId: 10 } : {}));
  const statuses = (await Promise.all(orders)).map(({ order }) => order.status);
  expect(statuses.filter((status) => status === 'APPROVED')).toHaveLength(40);
  expect(statuses.filter((status) => status === 'REJECTED')).toHaveLength(20);
}, 60_000);

describe('the wire', () => {
  let documents: readonly WireDocument[];
  beforeAll(async () => {
    documents = await wireDocuments(stack);
  });

  it('carries dead letters as the documents say, whatever was published', async () => {
    const connection = await connect(stack.broker.amqpUrl);
    const channel = await connection.createConfirmChannel();
    for (const queue of QUEUES) {
      channel.sendToQueue(queue, Buffer.from('rubbish'));
      channel.sendToQueue(queue, Buffer.from('{}'), { correlationId: 'of no command', headers: { 'x-own': 'kept' } });
    }
    await channel.waitForConfirms();
    await connection.close();
    const dead = () => wire.messages.filter(({ fields }) => fields.exchange === 'saga.dead');
    await waitFor('the dead letters', () => dead().length === 2 * QUEUES.length);
    expect(dead().flatMap((message) => undocumentedIn(documents, message))).toEqual([]);
    expect(new Set(dead().map(({ fields }) => fields.routingKey))).toEqual(new Set(QUEUES));
    for (const queue of QUEUES) await takeDeadLetters(stack.broker.amqpUrl, queue, 2);
  }, 60_000);

  it('has carried nothing that the documents of sender and receiver do not describe', () => {
    const { messages } = wire;
    expect(messages.flatMap((message) => undocumentedIn(documents, message))).toEqual([]);
    // Each command with its success has come by, but for the undo of a step whose outcome was never unknown here.
    const keys = new Set(messages.map(({ fields: { routingKey } }) => routingKey));
    const expected = [...ACTIONS, ...UNDOS]
      .filter((task) => task !== 'accounting_service.reverse_authorization')
      .flatMap((task) => [task, `${task}.response.success`]);
    expect(expected.filter((key) => !keys.has(key))).toEqual([]);
    expect([...keys].filter((key) => key.endsWith('.response.failure')).length).toBeGreaterThanOrEqual(3);
  });

  it('is checked by what would notice', () => {
    const message = wire.messages.find(({ fields }) => fields.routingKey === 'accounting_service.authorize_card')!;
    const { fields, properties } = message;
    const body = JSON.parse(message.content.toString()) as object;
    const complaint = (changes: Partial<typeof message>) =>
      undocumentedIn(documents, { ...message, ...changes }).join('; ');
    const withBody = (changed: object) => complaint({ content: Buffer.from(JSON.stringify(changed)) });
    expect(complaint({})).toBe('');
    expect(complaint({ fields: { ...fields, routingKey: 'accounting_service.charge_card' } })).toMatch(/no document/);
    expect(complaint({ fields: { ...fields, exchange: 'saga.other' } })).toMatch(/no document/);
    expect(complaint({ properties: { ...properties, headers: { ...properties.headers, 'x-secret': '1' } } })).toMatch(
      /x-secret/,
    );
    expect(complaint({ properties: { ...properties, replyTo: undefined } })).toMatch(/reply-to/);
    expect(complaint({ properties: { ...properties, expiration: '1000' } })).toMatch(/expiration/);
    expect(withBody({ ...body, currency: 'EUR' })).toMatch(/currency/);
    expect(withBody({ ...body, amount: 'much' })).toMatch(/amount/);
  });
});
