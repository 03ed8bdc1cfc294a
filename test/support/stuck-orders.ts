/** Orders whose sagas are stuck after the pivot: the kitchen confirms no ticket, for its printer is out of paper. */
import { post } from './http.js';
import { orders, type PlacedOrder } from './orders.js';
import type { Stack } from './stack.js';
import { waitFor } from './wait-for.js';

const APPROVE = 'restaurant_service.approve_ticket';

/** Has the kitchen confirm tickets again. */
export async function fixPrinter(stack: Stack): Promise<void> {
  await stack.query('restaurant-service', 'update restaurant set approval_failures = 0 where id = 2');
}

/** Places orders, and waits until all are stuck. Order-service is another process afterwards. */
export async function placeStuckOrders(stack: Stack, count: number): Promise<PlacedOrder[]> {
  await stack.query('restaurant-service', 'update restaurant set approval_failures = 1000 where id = 2');
  const placed: PlacedOrder[] = [];
  for (let number = 0; number < count; number++) placed.push(await placeBrokenApproval(stack));
  // Twenty-five attempts take ten minutes: all but the last are skipped while nobody runs the sagas.
  await stack.service('order-service').stop();
  await stack.query(
    'order-service',
    `update saga_instance set awaited = jsonb_set(awaited::jsonb, '{attempt}', '24')::json where awaited->>'name' = '${APPROVE}'`,
  );
  await stack.replace('order-service');
  for (const order of placed) await waitFor('the saga to be stuck', () => stuckVersion(stack, order), 60_000);
  return placed;
}

/** @returns the version of an order's saga; undefined unless it is stuck */
export async function stuckVersion(stack: Stack, { sagaId }: PlacedOrder): Promise<number | undefined> {
  const rows = await stack.query<{ version: number }>(
    'order-service',
    `select version from saga_instance where saga_id = '${sagaId}' and status = 'stuck'`,
  );
  return rows[0]?.version;
}

/** @returns an order, once its approval has failed at least once */
async function placeBrokenApproval(stack: Stack): Promise<PlacedOrder> {
  const { body: order } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.brokenApproval);
  await waitFor('a pause after a failed approval', async () => {
    const [saga] = await stack.query(
      'order-service',
      `select 1 from saga_instance where saga_id = '${order.sagaId}' and awaited->>'state' = 'pausing'`,
    );
    return saga;
  });
  return order;
}
