/** The HTTP API of order-service, as a client sees it. */
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { get, post, statusAndHeaders } from './support/http.js';
import { OPERATOR_TOKEN } from './support/operator-token.js';
import { startPrefixProxy, type PrefixProxy } from './support/prefix-proxy.js';
import { startStack, type Stack } from './support/stack.js';

interface Order {
  readonly id: string;
  readonly sagaId: string;
  readonly status: string;
}
interface Page {
  readonly orders: readonly Order[];
  readonly nextCursor: string | null;
}
interface Problem {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly { name: string; path: string; message: string }[];
}

const ORDER = { consumerId: 70, restaurantId: 1, cardId: 1, price: 2000, items: [{ name: 'Dish 1', quantity: 2 }] };
const UNKNOWN_ID = '019c1f2e-7b1a-7c4d-9e5f-0123456789ab';

let stack: Stack;
let orders: string;
beforeAll(async () => {
  stack = await startStack('order_api');
  orders = `${stack.url('order-service')}/orders`;
}, 60_000);
afterAll(() => stack.stop(), 60_000);

describe('POST /orders', () => {
  test('without a preference it answers 202 at once, with an order that is pending', async () => {
    const { status, headers, body } = await post<Order>(orders, ORDER);
    expect(status).toBe(202);
    expect(new URL(headers.get('location')!, orders).href).toBe(`${orders}/${body.id}`);
    expect(headers.get('preference-applied')).toBeNull();
    expect(body).toMatchObject({ ...ORDER, status: 'APPROVAL_PENDING', ticketId: null, rejection: null });
  });

  test('a wait that is too short ends with 202; a wait of more than a minute is cut', async () => {
    const short = await post<Order>(orders, { ...ORDER, restaurantId: 3 }, { prefer: 'respond-async, wait=0' });
    expect(short.status).toBe(202);
    expect(short.headers.get('preference-applied')).toBe('wait=0');
    const long = await post<Order>(orders, ORDER, { prefer: 'wait=86400; x, handling=strict' });
    expect(long.status).toBe(201);
    expect(long.headers.get('preference-applied')).toBe('wait=60');
  });

  test('a preference that cannot be understood is ignored', async () => {
    const { status, headers } = await post(orders, ORDER, { prefer: 'wait=soon' });
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBeNull();
  });
});

describe('Idempotency-Key', () => {
  test('the same key and body give the same order, whatever the spelling', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await post<Order>(orders, ORDER, { ...key, prefer: 'wait=30' });
    const again = await post<Order>(orders, JSON.stringify(ORDER, null, 2), key);
    const waiting = await post<Order>(orders, ORDER, { ...key, prefer: 'wait=30' });
    expect([first.status, again.status, waiting.status]).toEqual([201, 202, 201]);
    expect(again.body).toEqual(first.body);
    expect(waiting.body).toEqual(first.body);
    const replayed = [first, again, waiting].map(({ headers }) => headers.get('idempotent-replayed'));
    expect(replayed).toEqual([null, 'true', 'true']);
  });

  test('the same key with another body is refused, and the order stays', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const { body: order } = await post<Order>(orders, ORDER, key);
    const other = await post<Problem>(orders, { ...ORDER, price: 2001 }, key);
    expect(other.status).toBe(422);
    expect(other.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(other.body).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
    expect((await get<Order>(`${orders}/${order.id}`)).body).toMatchObject({ price: 2000 });
  });

  test('of many requests at once, one begins the order', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 30 }, () => post<Order>(orders, ORDER, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
  });

  test.each([
    ['empty', ''],
    ['too long', 'x'.repeat(256)],
  ])('a key that is %s is refused', async (_what, key) => {
    const { status, body } = await post<Problem>(orders, ORDER, { 'idempotency-key': key });
    expect(status).toBe(400);
    expect(body.errors?.map(({ name }) => name.toLowerCase())).toEqual(['idempotency-key']);
  });
});

test('an Idempotency-Key that stands twice is refused', async () => {
  const headers = { 'content-type': 'application/json', 'idempotency-key': [randomUUID(), randomUUID()] };
  const status = await new Promise((resolve, reject) => {
    const sent = request(orders, { method: 'POST', headers }, (answer) => resolve(answer.resume().statusCode));
    sent.on('error', reject).end(JSON.stringify(ORDER));
  });
  expect(status).toBe(400);
});

describe('problems', () => {
  const invalid = async (body: unknown) => {
    const answer = await post<Problem>(orders, body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ status: 400, title: expect.any(String), detail: expect.any(String) });
    return answer.body;
  };

  test('every wrong field is named, not only the first', async () => {
    const { code, errors } = await invalid({
      consumerId: 0,
      restaurantId: '1',
      cardId: 1.5,
      price: 2_147_483_648,
      items: [{ name: '', quantity: 0 }],
    });
    expect(code).toBe('INVALID_REQUEST');
    expect(errors?.map(({ name }) => name)).toEqual([
      'consumerId',
      'restaurantId',
      'cardId',
      'price',
      'items.0.name',
      'items.0.quantity',
    ]);
  });

  test('missing and unknown properties are named', async () => {
    const { errors } = await invalid({ consumerId: 70, restaurantId: 1, cardId: 1, items: ORDER.items, tip: 5 });
    expect(new Set(errors?.map(({ name }) => name))).toEqual(new Set(['price', 'tip']));
  });

  test.each([
    ['no items', { ...ORDER, items: [] }, 'items'],
    ['too many items', { ...ORDER, items: Array.from({ length: 101 }, () => ORDER.items[0]) }, 'items'],
    ['an unknown property of an item', { ...ORDER, items: [{ ...ORDER.items[0], size: 'L' }] }, 'items.0.size'],
    ['a name that is too long', { ...ORDER, items: [{ name: 'x'.repeat(201), quantity: 1 }] }, 'items.0.name'],
    ['a quantity that is too large', { ...ORDER, items: [{ name: 'x', quantity: 1_000_001 }] }, 'items.0.quantity'],
    ['NUL in a name', { ...ORDER, items: [{ name: 'a\u0000b', quantity: 1 }] }, 'items.0.name'],
    ['half a character in a name', { ...ORDER, items: [{ name: 'a\ud800', quantity: 1 }] }, 'items.0.name'],
  ])('%s is refused', async (_what, body, field) => {
    expect((await invalid(body)).errors?.map(({ name }) => name)).toEqual([field]);
  });

  test.each([
    ['text', '{"consumerId":'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['a prototype', '{"__proto__":{"price":1}}'],
  ])('%s is no order', async (_what, body) => {
    await invalid(body);
  });

  test('the largest valid order fits', async () => {
    const items = Array.from({ length: 100 }, () => ({ name: 'ü'.repeat(200), quantity: 1 }));
    const escaped = JSON.stringify({ ...ORDER, items }).replaceAll('ü', '\\u00fc');
    const { status, body } = await post<Order>(orders, escaped, { prefer: 'wait=30' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: 'REJECTED', items });
  });

  test('another content type is 415, and a body that is too large 413', async () => {
    const plain = await post<Problem>(orders, JSON.stringify(ORDER), { 'content-type': 'text/plain' });
    expect([plain.status, plain.body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    const large = await post<Problem>(orders, { ...ORDER, padding: 'x'.repeat(200_000) });
    expect([large.status, large.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    for (const { headers } of [plain, large])
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  test.each([
    ['orders/', UNKNOWN_ID, 404],
    ['sagas/', UNKNOWN_ID, 404],
    ['orders/', 'nonsense', 400],
    ['sagas/', '1', 400],
    ['orders', '?cursor=nonsense', 400],
    ['orders', '?limit=0', 400],
    ['orders', '?limit=101', 400],
    ['orders', '?limit=ten', 400],
    ['orders', '?status=EATEN', 400],
    ['orders', '?page=2', 400],
    ['nowhere', '', 404],
  ])('GET /%s%s is a problem', async (path, rest, status) => {
    const answer = await get<Problem>(`${stack.url('order-service')}/${path}${rest}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body.status).toBe(status);
  });
});

describe('GET /orders', () => {
  test('pages lead through all orders, newest first', async () => {
    const placed = await Promise.all(Array.from({ length: 7 }, () => post<Order>(orders, ORDER)));
    const seen: Order[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Page = (await get<Page>(`${orders}?limit=3${cursor && `&cursor=${cursor}`}`)).body;
      expect(page.orders.length).toBeLessThanOrEqual(3);
      seen.push(...page.orders);
      cursor = page.nextCursor;
    }
    const ids = seen.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    expect(ids).toEqual(expect.arrayContaining(placed.map(({ body }) => body.id)));
  });

  test('only orders of one status are given when it is asked for', async () => {
    const { body: rejected } = await post<Order>(orders, { ...ORDER, consumerId: 10 }, { prefer: 'wait=30' });
    const page = await get<Page>(`${orders}?status=REJECTED&limit=100`);
    expect(page.body.orders.map(({ id }) => id)).toContain(rejected.id);
    expect(new Set(page.body.orders.map(({ status }) => status))).toEqual(new Set(['REJECTED']));
  });
});

test('a saga shows what it awaits, and until when', async () => {
  const { body: order } = await post<Order>(orders, { ...ORDER, restaurantId: 3 }, { prefer: 'wait=1' });
  const { body: saga } = await get(`${stack.url('order-service')}/sagas/${order.sagaId}`);
  expect(saga).toMatchObject({
    name: 'create_order_saga',
    status: 'running',
    step: 'restaurant_service.create_ticket',
    awaited: { step: 'restaurant_service.create_ticket', state: 'sent', until: expect.stringMatching(/^\d{4}-.*Z$/) },
    data: { orderId: order.id },
  });
});

describe('what is asked in ways that are not there', () => {
  const service = () => stack.url('order-service');

  test.each([
    ['PUT', 'orders', 'GET, HEAD, OPTIONS, POST'],
    ['DELETE', `orders/${UNKNOWN_ID}`, 'GET, HEAD, OPTIONS'],
    ['POST', 'sagas', 'GET, HEAD, OPTIONS'],
    ['PUT', 'sagas/events', 'GET, HEAD, OPTIONS'],
    ['GET', `sagas/${UNKNOWN_ID}/retry`, 'OPTIONS, POST'],
    ['PATCH', 'dead-letters', 'GET, HEAD, OPTIONS'],
    ['POST', 'health/ready', 'GET, HEAD, OPTIONS'],
    ['POST', 'openapi.json', 'GET, HEAD, OPTIONS'],
    ['DELETE', 'asyncapi', 'GET, HEAD, OPTIONS'],
    ['POST', '', 'GET, HEAD, OPTIONS'],
  ])('%s /%s is 405, and says what there is', async (method, path, allow) => {
    const response = await fetch(`${service()}/${path}`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(await response.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });

  test('HEAD on the stream of events is answered', async () => {
    const response = await fetch(`${service()}/sagas/events`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
      signal: AbortSignal.timeout(10_000),
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  });

  test.each([
    [
      'Latin-1',
      Buffer.from(JSON.stringify(ORDER), 'latin1'),
      { 'content-type': 'application/json; charset=iso-8859-1' },
    ],
    ['gzip', gzipSync(JSON.stringify(ORDER)), { 'content-encoding': 'gzip' }],
  ])('a body in %s is 415', async (_what, body, others) => {
    const headers = { 'content-type': 'application/json', ...others };
    const response = await fetch(orders, { method: 'POST', headers, body });
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  test('bytes that are not UTF-8 are no order', async () => {
    const body = Buffer.from(JSON.stringify({ ...ORDER, items: [{ name: 'Crème', quantity: 1 }] }), 'latin1');
    const response = await fetch(orders, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([400, 'MALFORMED_REQUEST']);
  });

  test('17 kB of headers are 431', async () => {
    const { status, body } = await get<Problem>(orders, { 'x-padding': 'x'.repeat(17_000) });
    expect([status, body.code]).toEqual([431, 'REQUEST_HEADERS_TOO_LARGE']);
  });
});

describe('numbers and ids out of range', () => {
  const HUGE = '9'.repeat(30);
  const upper = UNKNOWN_ID.toUpperCase();
  test.each([
    ['order-service', `orders?limit=${HUGE}`],
    ['order-service', 'orders?limit=-1'],
    ['order-service', 'orders?limit=1e3'],
    ['order-service', 'orders?limit=1&limit=2'],
    ['order-service', 'orders?cursor=%FF%FE'],
    ['order-service', 'orders?cursor='],
    ['order-service', `orders?cursor=${'A'.repeat(101)}`],
    ['order-service', `orders/${UNKNOWN_ID}0`],
    ['order-service', `orders/%7B${UNKNOWN_ID}%7D`],
    ['consumer-service', 'consumers/2147483648'],
    ['consumer-service', 'consumers/9007199254740993'],
    ['consumer-service', `consumers/${HUGE}`],
    ['consumer-service', 'consumers/0'],
    ['consumer-service', 'consumers/-1'],
    ['consumer-service', 'consumers/1.5'],
    ['consumer-service', 'consumers/%00'],
    ['restaurant-service', 'restaurants/2147483648'],
    ['restaurant-service', `restaurants/${HUGE}`],
    ['restaurant-service', 'tickets/1'],
    ['restaurant-service', `tickets/${upper}`],
    ['restaurant-service', 'tickets?orderId='],
    ['restaurant-service', 'tickets?orderId=%00'],
    ['restaurant-service', `tickets?orderId=${upper}`],
    ['restaurant-service', `tickets?orderId=${UNKNOWN_ID}&orderId=${UNKNOWN_ID}`],
    ['accounting-service', 'authorizations/1'],
    ['accounting-service', `authorizations/${upper}`],
    ['accounting-service', 'authorizations?orderId=%ED%A0%80'],
    ['accounting-service', `authorizations?orderId=${HUGE}`],
  ] as const)('of %s are refused: GET /%s', async (name, path) => {
    const { status, body } = await get<Problem>(`${stack.url(name)}/${path}`);
    expect([status, body.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('the largest are not, and an order is found by its id in capitals', async () => {
    expect((await get(`${stack.url('consumer-service')}/consumers/2147483647`)).status).toBe(404);
    expect((await get(`${stack.url('restaurant-service')}/restaurants/2147483647`)).status).toBe(404);
    const { body: order } = await post<Order>(orders, ORDER);
    expect((await get<Order>(`${orders}/${order.id.toUpperCase()}`)).body.id).toBe(order.id);
  });
});

describe('behind a proxy that takes a prefix off the path', () => {
  let proxy: PrefixProxy;
  beforeAll(async () => (proxy = await startPrefixProxy('/shop/', stack.url('order-service'))));
  afterAll(() => proxy.close());

  test('Location leads to the order', async () => {
    const url = `${proxy.url}orders`;
    const { headers, body } = await post<Order>(url, ORDER);
    const order = await get<Order>(new URL(headers.get('location')!, url).href);
    expect([order.status, order.body.id]).toEqual([200, body.id]);
  });

  test.each(['', 'openapi', 'openapi/', 'asyncapi'])('all that the page at /%s loads is there', async (path) => {
    const page = await fetch(`${proxy.url}${path}`);
    const resources = [...(await page.text()).matchAll(/(?:src|href)="([^"#][^"]*)"/g)]
      .map(([, resource]) => new URL(resource!, page.url))
      .filter(({ origin, protocol }) => origin === new URL(proxy.url).origin && protocol !== 'data:');
    expect(resources.length).toBeGreaterThan(1);
    for (const resource of resources)
      expect([resource.href, (await statusAndHeaders(resource)).status]).toEqual([resource.href, 200]);
  });

  test('the page of the API sends its requests there as well', async () => {
    // Where the page looks for its document: beside itself, with a slash between.
    const at = `${proxy.url}openapi/json`;
    const { servers } = (await get<{ servers: { url: string }[] }>(at)).body;
    expect(servers.map(({ url }) => new URL(url, at).href)).toEqual([proxy.url]);
  });

  test('the console links a saga to its order', async () => {
    const { body: order } = await post<Order>(orders, ORDER);
    const { links } = (
      await get<{ links: { title: string; url: string }[] }>(`${stack.url('order-service')}/sagas/${order.sagaId}`)
    ).body;
    const url = links.find(({ title }) => title === 'Order')!.url;
    expect((await get<Order>(new URL(url, proxy.url).href)).body.id).toBe(order.id);
  });
});
