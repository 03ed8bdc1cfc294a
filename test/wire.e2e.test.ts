/**
 * The wire format, seen by an AMQP client that knows nothing of the library: participants can be driven by anyone, and
 * queues are named as they say.
 */
import { randomUUID } from 'node:crypto';
import { get, post } from './support/http.js';
import { startStack, type Stack } from './support/stack.js';
import { uuidOf } from './support/uuid.js';
import { playOrchestrator, type TestOrchestrator } from './support/test-orchestrator.js';
import { expectDeadLettered, unanswerable } from './support/unanswerable.js';

const QUEUE = 'restaurant_service.commands';
const CREATE = 'restaurant_service.create_ticket';
const REJECT = 'restaurant_service.reject_ticket';

let stack: Stack;
let saga: TestOrchestrator;
beforeAll(async () => {
  stack = await startStack('wire');
  saga = await playOrchestrator(stack.broker.amqpUrl);
}, 60_000);
afterAll(async () => {
  await saga.close();
  await stack.stop();
}, 60_000);

/** A command for an order of its own, with the identity `<saga id>:<sequence>`. */
const command = (restaurantId = 1, name = 'Dish 1') => {
  const sagaId = randomUUID();
  const orderId = randomUUID();
  return { sagaId, orderId, id: `${sagaId}:1`, payload: { orderId, restaurantId, items: [{ name, quantity: 2 }] } };
};
const ticketsOf = async (orderId: string) =>
  (await get<{ id: string; status: string }[]>(`${stack.url('restaurant-service')}/tickets?orderId=${orderId}`)).body;

describe('commands and replies', () => {
  test('a command is answered to its replyTo, with its correlationId, under <task>.response.success', async () => {
    const { id, orderId, payload } = command();
    await saga.send(CREATE, payload, { correlationId: id });
    const [reply] = await saga.replies(id);
    const [ticket] = await ticketsOf(orderId);
    expect(reply).toMatchObject({ routingKey: `${CREATE}.response.success`, body: { ticketId: ticket!.id } });
    expect(reply!.properties).toMatchObject({ contentType: 'application/json', deliveryMode: 2 });
  });

  test('a refusal is a failure that says so', async () => {
    const { id, orderId, payload } = command(1, 'Dish 99');
    await saga.send(CREATE, payload, { correlationId: id });
    const [reply] = await saga.replies(id);
    expect(reply!.routingKey).toBe(`${CREATE}.response.failure`);
    expect(reply!.body).toEqual({ kind: 'refusal', code: 'DISH_NOT_ON_MENU', message: expect.any(String) });
    expect(await ticketsOf(orderId)).toEqual([]);
  });

  test('a long reason still reaches whoever asked', async () => {
    const { id, payload } = command();
    const items = Array.from({ length: 50 }, (_, index) => ({ name: `${index} ${'x'.repeat(150)}`, quantity: 1 }));
    await saga.send(CREATE, { ...payload, items }, { correlationId: id });
    const [reply] = await saga.replies(id);
    expect(reply!.body).toMatchObject({ kind: 'refusal', code: 'DISH_NOT_ON_MENU' });
    expect((reply!.body as { message: string }).message.length).toBeLessThanOrEqual(2_000);
  });

  test('a duplicate gets the stored reply, and has no second effect', async () => {
    const { id, orderId, payload } = command();
    await saga.send(CREATE, payload, { correlationId: id });
    await saga.send(CREATE, payload, { correlationId: id });
    const [first, second] = await saga.replies(id, 2);
    expect(second!.body).toEqual(first!.body);
    expect(await ticketsOf(orderId)).toHaveLength(1);
  });

  test('an undo takes its action back', async () => {
    const { id, sagaId, orderId, payload } = command();
    await saga.send(CREATE, payload, { correlationId: id });
    await saga.replies(id);
    await saga.send(REJECT, { orderId, actionId: id }, { correlationId: `${sagaId}:2` });
    const [undone] = await saga.replies(`${sagaId}:2`);
    expect(undone).toMatchObject({ routingKey: `${REJECT}.response.success`, body: {} });
    expect(await ticketsOf(orderId)).toEqual([expect.objectContaining({ status: 'REJECTED' })]);
  });

  test('an undo that overtakes its action succeeds, and bars the action for ever', async () => {
    const { id, sagaId, orderId, payload } = command();
    await saga.send(REJECT, { orderId, actionId: id }, { correlationId: `${sagaId}:2` });
    expect((await saga.replies(`${sagaId}:2`))[0]!.routingKey).toBe(`${REJECT}.response.success`);
    await saga.send(CREATE, payload, { correlationId: id });
    const [late] = await saga.replies(id);
    expect(late!.routingKey).toBe(`${CREATE}.response.failure`);
    expect(late!.body).toMatchObject({ code: 'BARRED' });
    expect(await ticketsOf(orderId)).toEqual([]);
  });

  test('a command of a saga that the participant may have forgotten is refused, and so is its undo', async () => {
    const { orderId, payload } = command();
    const id = `${uuidOf(Date.now() - 100 * 86_400_000)}:1`;
    const undo = id.replace(/1$/, '2');
    await saga.send(CREATE, payload, { correlationId: id });
    await saga.send(REJECT, { orderId, actionId: id }, { correlationId: undo });
    for (const [reply] of [await saga.replies(id), await saga.replies(undo)])
      expect(reply!.body).toMatchObject({ kind: 'error', code: 'COMMAND_EXPIRED' });
    expect(await ticketsOf(orderId)).toEqual([]);
  });

  test.each([
    ['a payload that breaks its schema', 'INVALID_PAYLOAD', { orderId: 'x' }, `${randomUUID()}:1`],
    ['a payload that is no object', 'INVALID_PAYLOAD', [], `${randomUUID()}:1`],
    ['a correlationId of another form', 'INVALID_COMMAND_ID', command().payload, 'my-command'],
  ])('%s is answered with an error', async (_what, code, payload, correlationId) => {
    await saga.send(CREATE, payload, { correlationId });
    const [reply] = await saga.replies(correlationId);
    expect(reply!.routingKey).toBe(`${CREATE}.response.failure`);
    expect(reply!.body).toMatchObject({ kind: 'error', code, message: expect.any(String) });
  });
});

describe('what cannot be answered is dead-lettered, and the queue moves on', () => {
  test.each(unanswerable(CREATE))('%s', async (...sent) => {
    await expectDeadLettered(saga, QUEUE, sent);
    const { id, payload } = command();
    await saga.send(CREATE, payload, { correlationId: id });
    expect(await saga.replies(id)).toHaveLength(1);
  });

  test('a reply address that does not exist costs nobody else his reply', async () => {
    const lost = command();
    await saga.send(CREATE, lost.payload, { correlationId: lost.id, replyTo: 'nobody.responses' });
    const { id, payload } = command();
    await saga.send(CREATE, payload, { correlationId: id });
    expect(await saga.replies(id)).toHaveLength(1);
  });
});

describe('topology', () => {
  interface Queue {
    readonly name: string;
    readonly durable: boolean;
    readonly type: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  }
  const PARTICIPANTS = ['accounting_service', 'consumer_service', 'restaurant_service'];
  const QUEUES = [...PARTICIPANTS.map((service) => `${service}.commands`), 'create_order_saga.responses'];

  test('queues: one for the commands of each service and one for the replies of the saga, each with its dead letters', async () => {
    const queues = (await stack.broker.list<Queue>('queues')).filter(({ name }) => !name.startsWith('test_saga.'));
    expect(queues.map(({ name }) => name).sort()).toEqual(QUEUES.flatMap((name) => [name, `${name}.dead`]).sort());
    for (const queue of queues) expect(queue).toMatchObject({ durable: true, type: 'quorum' });
    for (const { arguments: given, name } of queues.filter(({ name }) => QUEUES.includes(name)))
      expect(given).toMatchObject({
        'x-queue-type': 'quorum',
        'x-delivery-limit': expect.any(Number),
        'x-dead-letter-exchange': 'saga.dead',
        'x-dead-letter-routing-key': name,
        'x-overflow': 'reject-publish',
      });
  });

  test('exchanges: one for all commands, one for the replies of the saga, one for dead letters', async () => {
    const exchanges = await stack.broker.list<{ name: string; type: string; durable: boolean }>('exchanges');
    const ours = exchanges.filter(({ name }) => name !== '' && !/^(amq|test_saga)\./.test(name));
    expect(ours.map(({ name, type, durable }) => `${name} ${type} ${durable}`).sort()).toEqual([
      'create_order_saga.responses topic true',
      'saga.commands topic true',
      'saga.dead direct true',
    ]);
  });

  test('bindings: <service>.* leads to the commands of a service', async () => {
    const bindings = await stack.broker.list<{ source: string; destination: string; routing_key: string }>('bindings');
    const ours = bindings
      .filter(({ source }) => source !== '' && !source.startsWith('test_saga.'))
      .map(({ source, destination, routing_key: key }) => `${source} ${key} ${destination}`);
    expect(ours.sort()).toEqual(
      [
        ...PARTICIPANTS.map((service) => `saga.commands ${service}.* ${service}.commands`),
        'create_order_saga.responses *.*.response.* create_order_saga.responses',
        ...QUEUES.map((queue) => `saga.dead ${queue} ${queue}.dead`),
      ].sort(),
    );
  });
});

test('the commands of an order say on the wire where they come from', async () => {
  // Another queue on the same exchange sees what the restaurant sees.
  const orders = `${stack.url('order-service')}/orders`;
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const tap = await saga.tap(CREATE);
  const order = { consumerId: 70, restaurantId: 1, cardId: 1, price: 2000, items: [{ name: 'Dish 1', quantity: 2 }] };
  const { body } = await post<{ id: string; sagaId: string }>(orders, order, { prefer: 'wait=30', traceparent });
  const seen = await tap(({ body: payload }) => (payload as { orderId?: string }).orderId === body.id);
  expect(seen.body).toEqual({ orderId: body.id, restaurantId: 1, items: order.items });
  expect(seen.properties).toMatchObject({
    contentType: 'application/json',
    deliveryMode: 2,
    correlationId: expect.stringMatching(new RegExp(`^${body.sagaId}:[1-9]\\d*$`)),
    replyTo: 'create_order_saga.responses',
    headers: {
      'x-saga-id': body.sagaId,
      'x-saga-name': 'create_order_saga',
      'x-saga-step': CREATE,
      'x-saga-attempt': 1,
      traceparent,
    },
  });
});
