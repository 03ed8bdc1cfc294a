/** An order whose Idempotency-Key somebody else holds waits alone. */
import { randomUUID } from 'node:crypto';
import { openForeignSession } from '../../support/foreign-session.js';
import { post } from '../../support/http.js';
import { orders } from '../../support/orders.js';
import { startStack, type Stack } from '../../support/stack.js';

interface Answer {
  readonly id: string;
  readonly status: string;
  readonly code: string;
  readonly detail: string;
}

let stack: Stack;
let url: string;
beforeAll(async () => {
  stack = await startStack('held_key');
  url = `${stack.url('order-service')}/orders`;
}, 60_000);
afterAll(() => stack.stop(), 60_000);

const place = (headers: Record<string, string> = {}) => post<Answer>(url, orders.good, headers);

test('while a key is held, orders without keys and with others are taken and approved', async () => {
  const key = randomUUID();
  const holder = await openForeignSession(stack.settingsOf('order-service').DATABASE_URL!);
  try {
    await holder.query('begin');
    await holder.query(
      `insert into idempotency_key (key, request_hash, order_id) values ('${key}', 'of another', gen_random_uuid())`,
    );
    const held = place({ 'idempotency-key': key, prefer: 'wait=30' });
    await holder.untilItBlocks();
    // Until the key is let go, which nothing here does.
    const beside = await Promise.all(
      Array.from({ length: 50 }, (_each, index) =>
        place({ prefer: 'wait=30', ...(index % 2 ? { 'idempotency-key': randomUUID() } : {}) }),
      ),
    );
    expect(beside.map(({ status, body }) => [status, body.status])).toEqual(beside.map(() => [201, 'APPROVED']));
    const { status, headers, body } = await held;
    expect([status, body.code]).toEqual([503, 'IDEMPOTENCY_KEY_IN_USE']);
    expect(body.detail).toContain('send the same one again');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    await holder.query('rollback');
  } finally {
    await holder.end();
  }
  expect(await place({ 'idempotency-key': key, prefer: 'wait=30' })).toMatchObject({
    status: 201,
    body: { status: 'APPROVED' },
  });
}, 60_000);
