/** A batch of orders of every kind: placed while things break, and looked at when they have healed. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { get, post } from './http.js';
import { HEALED_WITHIN_MS } from './healed-within.js';
import { deadLetters, everyOrderEnded, orders, violationsOfOrders, type PlacedOrder } from './orders.js';
import type { Stack } from './stack.js';

export type Kind = keyof typeof orders;
const KINDS = Object.keys(orders) as Kind[];
const ENDS: Readonly<Record<Kind, PlacedOrder['status']>> = {
  good: 'APPROVED',
  brokenApproval: 'APPROVED',
  suspended: 'REJECTED',
  overLimit: 'REJECTED',
  unknownDish: 'REJECTED',
};
/** A client's pause before it sends its request again. */
const CLIENT_PAUSE_MS = 100;
/** For this long a client tries. */
const CLIENT_PATIENCE_MS = 45_000;

export interface Batch {
  /** The orders that were taken, by id. */
  readonly kinds: ReadonlyMap<string, Kind>;
  /** How often a client was told to come again, or got no answer. */
  readonly rejected429: number;
}

/**
 * Places orders of every kind side by side. A client that is refused, or whose connection breaks, sends the same
 * request with the same key again.
 *
 * @param each - how many of each kind
 * @param url - of order-service; the stack's unless given
 * @throws when a request is answered with anything but 202, 429 and 503
 */
export async function placeBatch(
  stack: Stack,
  each: number,
  url = (): string => stack.url('order-service'),
): Promise<Batch> {
  const kinds = new Map<string, Kind>();
  let rejected429 = 0;
  const place = async (kind: Kind): Promise<void> => {
    const key = { 'idempotency-key': randomUUID() };
    for (const end = performance.now() + CLIENT_PATIENCE_MS; ;) {
      const send = async () => post<{ id: string }>(`${url()}/orders`, orders[kind], key);
      const answer = await send().catch(() => null);
      if (answer?.status === 202) return void kinds.set(answer.body.id, kind);
      if (answer && answer.status !== 503 && answer.status !== 429)
        throw new Error(`POST /orders answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      rejected429++;
      if (performance.now() > end) throw new Error(`An order was not taken in ${CLIENT_PATIENCE_MS} ms`);
      await delay(CLIENT_PAUSE_MS);
    }
  };
  await Promise.all(KINDS.flatMap((kind) => Array.from({ length: each }, () => place(kind))));
  return { kinds, rejected429 };
}

/** @returns several batches as one */
export function together(batches: readonly Batch[]): Batch {
  return {
    kinds: new Map(batches.flatMap(({ kinds }) => [...kinds])),
    rejected429: batches.reduce((sum, { rejected429 }) => sum + rejected429, 0),
  };
}

/**
 * Waits until everything has healed, which must be within the bound, and expects that every order of the batch has
 * ended as its kind ends, that no order has an effect too many or too few, and that nothing was dead-lettered.
 *
 * @param rejectedBy - codes for which an order may also be rejected, whatever its kind: a participant may be silent for
 *   longer than its step waits
 */
export async function expectHealed(
  stack: Stack,
  batch: Batch,
  { rejectedBy = [] }: { readonly rejectedBy?: readonly string[] } = {},
): Promise<void> {
  await everyOrderEnded(stack, HEALED_WITHIN_MS);
  const wrong: string[] = [];
  for (const [id, kind] of batch.kinds) {
    const { body } = await get<PlacedOrder & { rejection: { code: string } | null }>(
      `${stack.url('order-service')}/orders/${id}`,
    );
    if (rejectedBy.includes(body.rejection?.code ?? '')) continue;
    if (body.status !== ENDS[kind]) wrong.push(`${kind}: ${JSON.stringify(body)}`);
  }
  expect(wrong).toEqual([]);
  expect(await violationsOfOrders(stack)).toEqual([]);
  expect(await deadLetters(stack)).toEqual([]);
}
