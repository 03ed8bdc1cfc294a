/**
 * Each named crash point, in a real process: it dies there as by a power failure, comes back, and every order still
 * ends right.
 */
import { CRASH_POINTS } from 'saga-core';
import { get, post } from '../support/http.js';
import { everyOrderEnded, orders, violationsOfOrders } from '../support/orders.js';
import type { ServiceName } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack('crash_points');
}, 60_000);
afterAll(() => stack.stop(), 60_000);

const drills: [string, ServiceName][] = CRASH_POINTS.flatMap((point): [string, ServiceName][] =>
  point.startsWith('participant:')
    ? [
        [`${point}#2`, 'restaurant-service'],
        [`${point}#1`, 'accounting-service'],
      ]
    : [[point.startsWith('start:') ? `${point}#1` : `${point}#3`, 'order-service']],
);

test.each(drills)(
  'dying at %s, %s loses nothing and does nothing twice',
  async (crashAt, name) => {
    const doomed = await stack.replace(name, { CRASH_AT: crashAt });
    const placed: string[] = [];
    // The caller of the process that dies sees a broken connection, and may find the order or not; it is never half
    // there.
    for (const body of [orders.good, orders.overLimit, orders.good]) {
      const answer = await post<{ id: string }>(`${stack.url('order-service')}/orders`, body).catch(() => null);
      if (answer?.status === 202) placed.push(answer.body.id);
    }
    await waitFor(`${name} to die`, () => doomed.exited.then((code) => code === null));
    await stack.replace(name);
    await everyOrderEnded(stack, 40_000);
    for (const id of placed) expect((await get(`${stack.url('order-service')}/orders/${id}`)).status).toBe(200);
    expect(await violationsOfOrders(stack)).toEqual([]);
  },
  90_000,
);
