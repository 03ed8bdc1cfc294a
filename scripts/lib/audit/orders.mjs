/**
 * Holds orders, tickets and authorizations against each other, in pages of the orders' ids: the databases are separate, and a million orders do not fit in
 * memory. Orders are read first. What is decided does not change any more, so what is read of the other services later must agree with it, also while
 * sagas run.
 */
const PAGE = 10_000;
const FIRST = '00000000-0000-0000-0000-000000000000';
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const STATUS_OF_SAGA = { completed: 'APPROVED', compensated: 'REJECTED' };

/**
 * @param {import('./databases.mjs').Databases} databases
 * @param {import('./rules.mjs').Findings} findings
 * @returns {Promise<{orders: Record<string, number>, tickets: Record<string, number>, authorizations: Record<string, number>}>} counts by status
 */
export async function auditOrders(databases, findings) {
  const counts = { orders: {}, tickets: {}, authorizations: {} };
  for (let after = FIRST; after !== LAST;) {
    const orders = await pageOfOrders(databases.orders, after);
    const upTo = orders.length < PAGE ? LAST : orders.at(-1).id;
    const bounds = [after, upTo];
    const [tickets, authorizations, consumers] = await Promise.all([
      rows(
        databases.restaurants,
        'select order_id as "orderId", id, status from ticket where order_id > $1 and order_id <= $2',
        bounds,
      ),
      rows(
        databases.accounting,
        'select order_id as "orderId", id, status from card_authorization where order_id > $1 and order_id <= $2',
        bounds,
      ),
      consumersOf(databases.consumers, orders),
    ]);
    const parts = { tickets: byOrder(tickets), authorizations: byOrder(authorizations), consumers };
    for (const order of orders) checkOrder(order, parts, findings);
    for (const [kind, items] of Object.entries({ orders, tickets, authorizations }))
      for (const { status } of items) counts[kind][status] = (counts[kind][status] ?? 0) + 1;
    const known = new Set(orders.map(({ id }) => id));
    await checkOrphans(databases.orders, 'TICKET_ORDER', tickets, known, findings);
    await checkOrphans(databases.orders, 'AUTHORIZATION_ORDER', authorizations, known, findings);
    after = upTo;
  }
  return counts;
}

const rows = async (client, text, values) => (await client.query(text, values)).rows;

/** Order and saga change in one transaction, so one statement sees them agree. */
const pageOfOrders = (client, after) =>
  rows(
    client,
    `select order_id as id, orders.status, ticket_id as "ticketId", authorization_id as "authorizationId", consumer_id as "consumerId",
       saga_id as "sagaId", saga.status as "sagaStatus"
     from orders left join saga_instance saga using (saga_id) where order_id > $1 order by order_id limit ${PAGE}`,
    [after],
  );

async function consumersOf(client, orders) {
  const ids = new Set(orders.filter(({ status }) => status === 'APPROVED').map(({ consumerId }) => consumerId));
  const found = await rows(client, 'select id from consumer where id = any($1::integer[])', [[...ids]]);
  return new Set(found.map(({ id }) => id));
}

function byOrder(items) {
  const groups = new Map();
  for (const item of items) groups.set(item.orderId, [...(groups.get(item.orderId) ?? []), item]);
  return groups;
}

function checkOrder(order, { tickets, authorizations, consumers }, findings) {
  const { id, status, sagaId, sagaStatus } = order;
  const its = { tickets: tickets.get(id) ?? [], authorizations: authorizations.get(id) ?? [] };
  const ofTickets = `its tickets: ${shown(its.tickets)}`;
  const ofAuthorizations = `its authorizations: ${shown(its.authorizations)}`;
  const isOnly = (items, ownId, wanted) => items.length === 1 && items[0].id === ownId && items[0].status === wanted;
  const isNone = (items, gone) => items.every((item) => item.status === gone);
  if (status === 'APPROVED') {
    if (!isOnly(its.tickets, order.ticketId, 'APPROVED')) findings.note('APPROVED_TICKET', id, ofTickets);
    if (!isOnly(its.authorizations, order.authorizationId, 'AUTHORIZED'))
      findings.note('APPROVED_AUTHORIZATION', id, ofAuthorizations);
    if (!consumers.has(order.consumerId))
      findings.note('APPROVED_CONSUMER', id, `there is no consumer ${order.consumerId}`);
  } else if (status === 'REJECTED') {
    if (!isNone(its.tickets, 'REJECTED')) findings.note('REJECTED_TICKET', id, ofTickets);
    if (!isNone(its.authorizations, 'REVERSED')) findings.note('REJECTED_AUTHORIZATION', id, ofAuthorizations);
  }
  // The saga of a decided order may have been purged long ago.
  if (sagaStatus === null) {
    if (status === 'APPROVAL_PENDING') findings.note('PENDING_SAGA', id, `there is no saga ${sagaId}`);
  } else if (status !== (STATUS_OF_SAGA[sagaStatus] ?? 'APPROVAL_PENDING'))
    findings.note('SAGA_STATUS', id, `it is ${status}, and saga ${sagaId} is ${sagaStatus}`);
}

const shown = (items) => items.map(({ id, status }) => `${id} ${status}`).join(', ') || 'none';

/** An order that was placed since its page was read is no orphan's: it was committed before anything was asked of other services. */
async function checkOrphans(client, rule, items, known, findings) {
  const orphans = items.filter(({ orderId }) => !known.has(orderId));
  if (orphans.length === 0) return;
  const ids = orphans.map(({ orderId }) => orderId);
  const since = await rows(client, 'select order_id as id from orders where order_id = any($1::uuid[])', [ids]);
  const placed = new Set(since.map(({ id }) => id));
  for (const { id, orderId, status } of orphans)
    if (!placed.has(orderId)) findings.note(rule, id, `it is ${status}, and there is no order ${orderId}`);
}
