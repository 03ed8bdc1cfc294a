/**
 * Holds orders, tickets and authorizations against each other, in pages of the orders' ids: the databases are separate,
 * and a million orders do not fit in memory. Orders are read first. What is decided does not change any more, so what
 * is read of the other services later must agree with it, also while sagas run.
 */
import { sql, type Kysely } from 'kysely';
import type { ConsumerDatabase } from 'consumer-service';
import type { Databases } from './databases.js';
import type { Findings, Rule } from './rules.js';

const PAGE = 10_000;
const FIRST = '00000000-0000-0000-0000-000000000000';
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

type Order = Awaited<ReturnType<typeof pageOfOrders>>[number];
type OrderStatus = Order['status'];

/** What an order has become when its saga has ended so; until then it is pending. */
const STATUS_OF_SAGA: Readonly<Record<string, OrderStatus>> = { completed: 'APPROVED', compensated: 'REJECTED' };

/** A ticket or an authorization. */
interface Effect<Status extends string = string> {
  readonly id: string;
  readonly orderId: string;
  readonly status: Status;
}

type Counts = Record<string, number>;
/** How many there are, by status. */
export type OrderCounts = Readonly<Record<'orders' | 'tickets' | 'authorizations', Counts>>;

/** @returns how many orders, tickets and authorizations there are */
export async function auditOrders(databases: Databases, findings: Findings): Promise<OrderCounts> {
  const counts: OrderCounts = { orders: {}, tickets: {}, authorizations: {} };
  for (let after = FIRST; after !== LAST;) {
    const orders = await pageOfOrders(databases.orders, after);
    const upTo = orders.length < PAGE ? LAST : orders.at(-1)!.id;
    const [tickets, authorizations, consumers] = await Promise.all([
      ticketsOf(databases.restaurants, after, upTo),
      authorizationsOf(databases.accounting, after, upTo),
      consumersOf(databases.consumers, orders),
    ]);
    const parts = { tickets: byOrder(tickets), authorizations: byOrder(authorizations), consumers };
    for (const order of orders) checkOrder(order, parts, findings);
    for (const [kind, items] of Object.entries({ orders, tickets, authorizations }))
      countStatuses(counts[kind as keyof OrderCounts], items);
    const known = new Set(orders.map(({ id }) => id));
    await checkOrphans(databases.orders, 'TICKET_ORDER', tickets, known, findings);
    await checkOrphans(databases.orders, 'AUTHORIZATION_ORDER', authorizations, known, findings);
    after = upTo;
  }
  return counts;
}

/** Order and saga change in one transaction, so one statement sees them agree. */
const pageOfOrders = (database: Databases['orders'], after: string) =>
  database
    .selectFrom('orders')
    .leftJoin('saga_instance as saga', 'saga.saga_id', 'orders.saga_id')
    .select(['orders.order_id as id', 'orders.status', 'orders.ticket_id as ticketId'])
    .select(['orders.authorization_id as authorizationId', 'orders.consumer_id as consumerId'])
    .select(['orders.saga_id as sagaId', 'saga.status as sagaStatus'])
    .where('orders.order_id', '>', after)
    .orderBy('orders.order_id')
    .limit(PAGE)
    .execute();

const ticketsOf = (database: Databases['restaurants'], after: string, upTo: string) =>
  database
    .selectFrom('ticket')
    .select(['order_id as orderId', 'id', 'status'])
    .where('order_id', '>', after)
    .where('order_id', '<=', upTo)
    .execute();

const authorizationsOf = (database: Databases['accounting'], after: string, upTo: string) =>
  database
    .selectFrom('card_authorization')
    .select(['order_id as orderId', 'id', 'status'])
    .where('order_id', '>', after)
    .where('order_id', '<=', upTo)
    .execute();

async function consumersOf(database: Kysely<ConsumerDatabase>, orders: readonly Order[]): Promise<Set<number>> {
  const ids = new Set(orders.filter(({ status }) => status === 'APPROVED').map(({ consumerId }) => consumerId));
  const isOne = sql<boolean>`id = any(${[...ids]}::integer[])`;
  const found = await database.selectFrom('consumer').select('id').where(isOne).execute();
  return new Set(found.map(({ id }) => id));
}

function byOrder<Item extends Effect>(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(item.orderId, [...(groups.get(item.orderId) ?? []), item]);
  return groups;
}

function countStatuses(counts: Counts, items: readonly { readonly status: string }[]): void {
  for (const { status } of items) counts[status] = (counts[status] ?? 0) + 1;
}

type Ticket = Awaited<ReturnType<typeof ticketsOf>>[number];
type Authorization = Awaited<ReturnType<typeof authorizationsOf>>[number];

/** What the participants hold of a page of orders. */
interface Parts {
  readonly tickets: ReadonlyMap<string, readonly Ticket[]>;
  readonly authorizations: ReadonlyMap<string, readonly Authorization[]>;
  readonly consumers: ReadonlySet<number>;
}

function checkOrder(order: Order, { tickets, authorizations, consumers }: Parts, findings: Findings): void {
  const { id, status, sagaId, sagaStatus } = order;
  const itsTickets = tickets.get(id) ?? [];
  const itsAuthorizations = authorizations.get(id) ?? [];
  const ofTickets = `its tickets: ${shown(itsTickets)}`;
  const ofAuthorizations = `its authorizations: ${shown(itsAuthorizations)}`;
  if (status === 'APPROVED') {
    if (!isOnly(itsTickets, order.ticketId, 'APPROVED')) findings.note('APPROVED_TICKET', id, ofTickets);
    if (!isOnly(itsAuthorizations, order.authorizationId, 'AUTHORIZED'))
      findings.note('APPROVED_AUTHORIZATION', id, ofAuthorizations);
    if (!consumers.has(order.consumerId))
      findings.note('APPROVED_CONSUMER', id, `there is no consumer ${order.consumerId}`);
  } else if (status === 'REJECTED') {
    if (!areAll(itsTickets, 'REJECTED')) findings.note('REJECTED_TICKET', id, ofTickets);
    if (!areAll(itsAuthorizations, 'REVERSED')) findings.note('REJECTED_AUTHORIZATION', id, ofAuthorizations);
  }
  // The saga of a decided order may have been purged long ago.
  if (sagaStatus === null) {
    if (status === 'APPROVAL_PENDING') findings.note('PENDING_SAGA', id, `there is no saga ${sagaId}`);
  } else if (status !== (STATUS_OF_SAGA[sagaStatus] ?? 'APPROVAL_PENDING'))
    findings.note('SAGA_STATUS', id, `it is ${status}, and saga ${sagaId} is ${sagaStatus}`);
}

const isOnly = <Status extends string>(items: readonly Effect<Status>[], id: string | null, wanted: NoInfer<Status>) =>
  items.length === 1 && items[0]!.id === id && items[0]!.status === wanted;

const areAll = <Status extends string>(items: readonly Effect<Status>[], wanted: NoInfer<Status>) =>
  items.every(({ status }) => status === wanted);

const shown = (items: readonly Effect[]) => items.map(({ id, status }) => `${id} ${status}`).join(', ') || 'none';

/**
 * An order that was placed since its page was read is no orphan's: it was committed before anything was asked of other
 * services.
 */
async function checkOrphans(
  database: Databases['orders'],
  rule: Rule,
  items: readonly Effect[],
  known: ReadonlySet<string>,
  findings: Findings,
): Promise<void> {
  const orphans = items.filter(({ orderId }) => !known.has(orderId));
  if (orphans.length === 0) return;
  const isOne = sql<boolean>`order_id = any(${orphans.map(({ orderId }) => orderId)}::uuid[])`;
  const since = await database.selectFrom('orders').select('order_id as id').where(isOne).execute();
  const placed = new Set(since.map(({ id }) => id));
  for (const { id, orderId, status } of orphans)
    if (!placed.has(orderId)) findings.note(rule, id, `it is ${status}, and there is no order ${orderId}`);
}
