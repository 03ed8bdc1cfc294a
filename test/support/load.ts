/**
 * Orders of several kinds, placed again and again while faults happen; and afterwards, what must be true of all that
 * were taken.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { post } from './http.js';
import { allOrders, everyOrderEnded, orders, violationsOfOrders, type PlacedOrder } from './orders.js';
import type { Stack } from './stack.js';
import { waitFor } from './wait-for.js';

export type OrderKind = keyof typeof orders;

/**
 * Whatever else happens, these never end otherwise. Others may be rejected, because a fault kept a step from being
 * answered in time.
 */
const ALWAYS_REJECTED: readonly OrderKind[] = ['suspended', 'overLimit', 'unknownDish'];

export interface Load {
  /** @returns how many orders of its rarest kind were taken so far */
  taken(): number;
  /** Waits until `more` further orders of each kind were taken. */
  untilTaken(more: number): Promise<void>;
  /** Stops placing orders. @returns the kind of each order that was taken, by its id */
  stop(): Promise<ReadonlyMap<string, OrderKind>>;
}

/**
 * Begins to place orders. Whoever is refused, or cut off, goes on with the next.
 *
 * @param url - asked before each order: where order-service listens
 * @param kinds - in turn
 * @param pauseMs - of a client after each order, in milliseconds
 * @param clients - how many place orders side by side
 */
export function startLoad(url: () => string, kinds: readonly OrderKind[], pauseMs = 20, clients = 1): Load {
  const taken = new Map<string, OrderKind>();
  let placing = true;
  const place = async (first: number): Promise<void> => {
    for (let number = first; placing; number++) {
      const kind = kinds[number % kinds.length]!;
      const answer = await (async () => post<{ id: string }>(`${url()}/orders`, orders[kind]))().catch(() => null);
      if (answer?.status === 202) taken.set(answer.body.id, kind);
      await delay(pauseMs);
    }
  };
  const placed = Promise.all(Array.from({ length: clients }, (_, client) => place(client)));
  const rarest = (): number =>
    Math.min(...kinds.map((kind) => [...taken.values()].filter((other) => other === kind).length));
  return {
    taken: rarest,
    untilTaken: async (more) => {
      const goal = rarest() + more;
      await waitFor(`${more} orders of each kind to be taken`, () => rarest() >= goal, 60_000);
    },
    stop: async () => {
      placing = false;
      await placed;
      return taken;
    },
  };
}

/**
 * Stops a load, and sees to it that each of its orders ends, and ends right.
 *
 * @param withinMs - how long that may take from now on
 * @returns the ended orders by kind, and how long it took in milliseconds
 * @throws when an order is lost, hangs, or ended wrong
 */
export async function loadEndedRight(
  stack: Stack,
  load: Load,
  withinMs: number,
): Promise<{ statuses: Record<string, PlacedOrder['status'][]>; tookMs: number }> {
  const taken = await load.stop();
  const began = performance.now();
  await everyOrderEnded(stack, withinMs);
  const tookMs = performance.now() - began;
  const known = new Map((await allOrders(stack)).map((order) => [order.id, order]));
  const statuses: Record<string, PlacedOrder['status'][]> = {};
  const wrong = await violationsOfOrders(stack);
  for (const [id, kind] of taken) {
    const status = known.get(id)?.status;
    if (!status) wrong.push(`order ${id}, which was taken, is gone`);
    else if (ALWAYS_REJECTED.includes(kind) && status !== 'REJECTED') wrong.push(`order ${id}, ${kind}, is ${status}`);
    else (statuses[kind] ??= []).push(status);
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return { statuses, tookMs };
}
