/**
 * Orders come as fast as clients can send them: the system takes what it can do in time, and tells the others when to
 * come again.
 */
import { post } from '../support/http.js';
import { LONG_FORM } from '../support/long-form.js';
import { memoryOf } from '../support/memory.js';
import { allOrders, deadLetters, everyOrderEnded, orders, violationsOfOrders } from '../support/orders.js';
import { startStack, type Stack } from '../support/stack.js';

const ORDERS = LONG_FORM ? 50_000 : 4_000;
const CLIENTS = 500;
/**
 * What is taken is done within the reply timeouts, or else it would not have been taken; then there is what the test's
 * own work takes.
 */
const DONE_WITHIN_MS = 60_000;
const MOST_MIB = 260;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack('backpressure');
}, 60_000);
afterAll(() => stack.stop(), 60_000);

test(
  `${ORDERS} orders at once: each is taken or refused with a time to come again, no step of those that were taken times out, and memory is bounded`,
  async () => {
    const url = `${stack.url('order-service')}/orders`;
    const answers: Record<string, number> = {};
    const taken = new Set<string>();
    let most = 0;
    let placed = 0;
    const client = async (): Promise<void> => {
      while (placed < ORDERS) {
        placed++;
        const { status, headers, body } = await post<{ id: string }>(url, orders.good);
        const retryAfter = Number(headers.get('retry-after') ?? 0);
        const answer = status === 202 ? '202' : `${status}${retryAfter > 0 ? ' with Retry-After' : ''}`;
        answers[answer] = (answers[answer] ?? 0) + 1;
        if (status === 202) taken.add(body.id);
      }
    };
    const watching = setInterval(() => (most = Math.max(most, memoryOf(stack.service('order-service')))), 200);
    await Promise.all(Array.from({ length: CLIENTS }, client)).finally(() => clearInterval(watching));

    const allowed = ['202', '429 with Retry-After', '503 with Retry-After'];
    expect(Object.keys(answers).filter((answer) => !allowed.includes(answer))).toEqual([]);
    await everyOrderEnded(stack, DONE_WITHIN_MS);
    const approved = new Set((await allOrders(stack, 'APPROVED')).map(({ id }) => id));
    expect([...taken].filter((id) => !approved.has(id))).toEqual([]);
    expect(taken.size).toBeGreaterThan(ORDERS / 100);
    expect(most).toBeLessThan(MOST_MIB);
    expect(await violationsOfOrders(stack)).toEqual([]);
    expect(await deadLetters(stack)).toEqual([]);
  },
  ORDERS * 15 + 120_000,
);
