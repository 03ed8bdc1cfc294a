/** Orders of all kinds, and what must be true of all that were ever placed. */
import { audit } from 'audit';
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

/** @returns where the parts of a stack are, for an audit */
export function placesOf(stack: Stack) {
  const services = ['order-service', 'consumer-service', 'restaurant-service', 'accounting-service'] as const;
  const databases = services.map((name) => [name.replace('-', '_'), stack.settingsOf(name).DATABASE_URL!] as const);
  const schema = stack.settingsOf('order-service').DATABASE_SCHEMA;
  return { databases: Object.fromEntries(databases), amqpUrls: [stack.broker.amqpUrl], ...(schema && { schema }) };
}

/**
 * @returns what an audit finds wrong, a line each: an effect that is missing, doubled, or still in force, a saga that
 *   nobody attends to, …
 */
export async function violationsOfOrders(stack: Stack): Promise<string[]> {
  return (await audit(placesOf(stack))).wrong.map(({ rule, id, detail }) => `${rule} ${id}: ${detail}`);
}

/** @returns the dead-letter queues that are not empty, with how many messages they hold */
export async function deadLetters(stack: Stack): Promise<[queue: string, count: number][]> {
  const counts = await stack.broker.messageCounts();
  return Object.entries(counts).filter(([queue, count]) => queue.endsWith('.dead') && count > 0);
}
