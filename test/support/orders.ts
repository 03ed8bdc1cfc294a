/** Orders of all kinds, and what must be true of all that were ever placed, seen from outside through the services' HTTP APIs. */
import { get } from './http.js';
import type { Stack } from './stack.js';
import { waitFor } from './wait-for.js';

const good = { consumerId: 70, restaurantId: 1, cardId: 1, price: 2000, items: [{ name: 'Dish 1', quantity: 2 }] };

export const orders = {
  good,
  suspended: { ...good, consumerId: 10 },
  overLimit: { ...good, price: 8000 },
  unknownDish: { ...good, items: [{ name: 'Nothing', quantity: 1 }] },
  brokenApproval: { ...good, restaurantId: 2 },
};

export interface PlacedOrder {
  readonly id: string;
  readonly status: 'APPROVAL_PENDING' | 'APPROVED' | 'REJECTED';
  readonly ticketId: string | null;
  readonly authorizationId: string | null;
  readonly sagaId: string;
}

/** @returns every order that order-service knows */
export async function allOrders(stack: Stack, status?: PlacedOrder['status']): Promise<PlacedOrder[]> {
  const found: PlacedOrder[] = [];
  let cursor: string | null = null;
  do {
    const query: URLSearchParams = new URLSearchParams({
      limit: '100',
      ...(status && { status }),
      ...(cursor && { cursor }),
    });
    const url = `${stack.url('order-service')}/orders?${query.toString()}`;
    const page: { orders: PlacedOrder[]; nextCursor: string | null } = (await get<typeof page>(url)).body;
    found.push(...page.orders);
    cursor = page.nextCursor;
  } while (cursor);
  return found;
}

/** Waits until no order waits for its approval. @throws with the sagas that hang */
export async function everyOrderEnded(stack: Stack, timeoutMs: number): Promise<void> {
  const pending = () => allOrders(stack, 'APPROVAL_PENDING');
  await waitFor('every order to end', async () => (await pending()).length === 0, timeoutMs).catch(
    async (error: Error) => {
      const hanging = (await pending()).slice(0, 3);
      const sagas = await Promise.all(
        hanging.map(({ sagaId }) => get(`${stack.url('order-service')}/sagas/${sagaId}`)),
      );
      throw new Error(`${error.message}: ${JSON.stringify(sagas.map(({ body }) => body))}`);
    },
  );
}

/** @returns what is wrong with any ended order, a line each: an effect that is missing, doubled, or still in force */
export async function violationsOfOrders(stack: Stack): Promise<string[]> {
  const wrong: string[] = [];
  const check = async ({ id, status, ticketId, authorizationId }: PlacedOrder): Promise<void> => {
    const [tickets, authorizations] = await Promise.all([
      get<{ id: string; status: string }[]>(`${stack.url('restaurant-service')}/tickets?orderId=${id}`),
      get<{ id: string; status: string }[]>(`${stack.url('accounting-service')}/authorizations?orderId=${id}`),
    ]);
    const states = (rows: readonly { status: string }[]) => rows.map((row) => row.status).join();
    const seen = `${status}: tickets ${states(tickets.body)}, authorizations ${states(authorizations.body)}`;
    const right =
      status === 'APPROVED'
        ? states(tickets.body) === 'APPROVED' &&
          states(authorizations.body) === 'AUTHORIZED' &&
          tickets.body[0]?.id === ticketId &&
          authorizations.body[0]?.id === authorizationId
        : /^(REJECTED)?$/.test(states(tickets.body)) && /^(REVERSED)?$/.test(states(authorizations.body));
    if (!right) wrong.push(`order ${id} is ${seen}`);
  };
  const all = await allOrders(stack);
  for (let from = 0; from < all.length; from += 20) await Promise.all(all.slice(from, from + 20).map(check));
  return wrong;
}

/** @returns the dead-letter queues that are not empty, with how many messages they hold */
export async function deadLetters(stack: Stack): Promise<[queue: string, count: number][]> {
  const counts = await stack.broker.messageCounts();
  return Object.entries(counts).filter(([queue, count]) => queue.endsWith('.dead') && count > 0);
}
