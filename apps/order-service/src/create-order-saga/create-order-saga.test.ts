import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { accountingService, consumerService, restaurantService } from 'messages';
import { isValid, problemsOf, shapeProblems, shapeRecordOf, type ShapeRecord } from 'saga-core';
import { exampleOf } from 'saga-core/asyncapi';
import { createOrderSaga, createOrderSagas } from './create-order-saga.js';
import type { CreateOrderData } from './create-order-data.js';

const order: CreateOrderData = {
  orderId: '019c1f2e-7b1a-7c4d-9e5f-0123456789ab',
  consumerId: 70,
  restaurantId: 1,
  cardId: 3,
  price: 2000,
  items: [{ name: 'Dish 1', quantity: 2 }],
};
const ticketId = '019c1f2e-7b3c-7a10-8d21-3f0c8a1f9d11';

const stepOf = (name: string) => {
  const step = createOrderSaga.steps.find((candidate) => candidate.name === name);
  if (!step) throw new Error(`No step ${name}`);
  return step;
};
const remote = (command: ReturnType<typeof stepOf>['action'] | null) => {
  if (!command || !('command' in command)) throw new Error('Not a command to a participant');
  return command;
};

test('it has the steps of the book, in their order', () => {
  expect(createOrderSaga.name).toBe('create_order_saga');
  expect(createOrderSaga.replyAddress).toBe('create_order_saga.responses');
  const ofTheBook = [
    'compensatable create_order reject_order',
    'read-only consumer_service.verify_consumer_details',
    'compensatable restaurant_service.create_ticket restaurant_service.reject_ticket',
    'pivot accounting_service.authorize_card accounting_service.reverse_authorization',
    'retriable restaurant_service.approve_ticket',
    'retriable approve_order',
  ];
  const steps = createOrderSaga.steps.map(({ kind, name, undo }) => {
    const undone = undo && ('command' in undo ? undo.command.task : undo.local.name);
    return [kind, name, ...(undone ? [undone] : [])].join(' ');
  });
  expect(steps.filter((step) => ofTheBook.includes(step))).toEqual(ofTheBook);
});

test('each version has the steps that were recorded of it', () => {
  const folder = path.join(__dirname, '../../golden');
  const records = readdirSync(folder).map(
    (name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as ShapeRecord,
  );
  expect(shapeProblems(createOrderSagas, records)).toEqual([]);
  // Otherwise nothing would be said about the steps of today: npm run specs records them.
  expect(records).toContainEqual(shapeRecordOf(createOrderSaga));
});

test('new sagas are started with the newest version', () => {
  const versions = createOrderSagas.map(({ version }) => version);
  expect(versions[0]).toBe(createOrderSaga.version);
  expect(Math.max(...versions)).toBe(createOrderSaga.version);
});

test('each command of each version is built of what is known by then, and is what its contract asks for', () => {
  for (const { steps, version } of createOrderSagas) {
    let data = order;
    for (const { action, undo } of steps.filter((step) => 'command' in step.action)) {
      const { command, payload, onReply } = remote(action);
      expect([version, command.task, problemsOf(command.payload, payload(data))]).toEqual([version, command.task, []]);
      if (undo) {
        const businessKey = remote(undo).payload(data) as object;
        expect(problemsOf(remote(undo).command.payload, { ...businessKey, actionId: `${order.orderId}:1` })).toEqual(
          [],
        );
      }
      data = { ...data, ...onReply?.(data, exampleOf(command.task, command.reply)) };
    }
    expect(isValid(createOrderSaga.data, data)).toBe(true);
  }
});

test.each([
  [consumerService.commands.verifyConsumerDetails, order, { orderId: order.orderId, consumerId: 70 }],
  [restaurantService.commands.createTicket, order, { orderId: order.orderId, restaurantId: 1, items: order.items }],
  [
    accountingService.commands.authorizeCard,
    order,
    { orderId: order.orderId, consumerId: 70, cardId: 3, amount: 2000 },
  ],
  [restaurantService.commands.approveTicket, { ...order, ticketId }, { orderId: order.orderId, ticketId }],
])('$task is sent what its contract asks for', ({ task, payload }, data, expected) => {
  const built = remote(stepOf(task).action).payload(data);
  expect(built).toEqual(expected);
  expect(isValid(payload, built)).toBe(true);
});

test('undos name the order, for their ids may never have become known', () => {
  for (const name of [restaurantService.commands.createTicket.task, accountingService.commands.authorizeCard.task])
    expect(remote(stepOf(name).undo).payload(order)).toEqual({ orderId: order.orderId });
});

test('replies bring ticket and authorization', () => {
  const created = remote(stepOf('restaurant_service.create_ticket').action);
  expect(created.onReply?.(order, { ticketId })).toEqual({ ticketId });
  const authorized = remote(stepOf('accounting_service.authorize_card').action);
  expect(authorized.onReply?.(order, { authorizationId: ticketId })).toEqual({ authorizationId: ticketId });
});

test('a restaurant that does not answer is given up within five seconds', () => {
  const { replyTimeoutMs, attempts } = stepOf('restaurant_service.create_ticket').action.retry;
  expect(replyTimeoutMs * attempts).toBeLessThanOrEqual(5_000);
});

test('an order of too many portions cannot be put into a command', () => {
  const build = (quantities: number[]) => () =>
    remote(stepOf('restaurant_service.create_ticket').action).payload({
      ...order,
      items: quantities.map((quantity) => ({ name: 'Dish 1', quantity })),
    });
  expect(build([100_500])).toThrow(RangeError);
  expect(build([5_000, 5_001])).toThrow('An order may have at most 10000 portions in all, and this one has 10001');
  expect(build([5_000, 5_000])).not.toThrow();
  // What it lets through, the contract does as well.
  expect(problemsOf(restaurantService.commands.createTicket.payload, build([10_000])())).toEqual([]);
});

test('a ticket cannot be approved before it is known', () => {
  expect(() => remote(stepOf('restaurant_service.approve_ticket').action).payload(order)).toThrow('before it is known');
});

test('its data begins with what an order is, and nothing else', () => {
  expect(isValid(createOrderSaga.data, order)).toBe(true);
  expect(isValid(createOrderSaga.data, { ...order, price: 0 })).toBe(false);
});
