import { randomUUID } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { restaurantService } from 'messages';
import { isRefusal, migrate, openDatabase, type Answer } from 'saga-core';
import { commandOf } from '../../../../test/support/commands.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import type { Database } from '../database.js';
import { migrations } from '../migrations/index.js';
import { seed } from '../seed.js';
import { approveTickets } from './approve-tickets.js';
import { createTickets } from './create-tickets.js';
import { rejectTickets } from './reject-tickets.js';
import { changeTicketStatus, findTicketsOfOrder } from './ticket-queries.js';
import { statusesBefore, TICKET_STATUSES } from './ticket.js';

const { approveTicket, createTicket, rejectTicket } = restaurantService.commands;

describe('tickets', () => {
  let testDatabase: TestDatabase;
  let database: Kysely<Database>;

  beforeAll(async () => {
    testDatabase = await createTestDatabase('tickets');
    database = openDatabase(testDatabase.url);
    await migrate(database, { table: 'app_migration', migrations });
    await seed(database);
  });

  afterAll(async () => {
    await database.destroy();
    await testDatabase.drop();
  });

  type Order = { orderId: string; restaurantId?: number; dish?: string };
  const create = (...orders: Order[]): Promise<Answer<typeof createTicket>[]> => {
    const commands = orders.map(({ orderId, restaurantId = 1, dish = 'Dish 1' }) =>
      commandOf(createTicket, { orderId, restaurantId, items: [{ name: dish, quantity: 2 }] }),
    );
    return database.transaction().execute((tx) => createTickets(tx, commands));
  };
  const approve = (tickets: { orderId: string; ticketId: string }[], attempt = 1) => {
    const commands = tickets.map((ticket) => commandOf(approveTicket, ticket, attempt));
    return database.transaction().execute((tx) => approveTickets(tx, commands));
  };
  const reject = (...orderIds: string[]) => {
    const commands = orderIds.map((orderId) => commandOf(rejectTicket, { orderId, actionId: `${randomUUID()}:3` }));
    return database.transaction().execute((tx) => rejectTickets(tx, commands));
  };
  const created = async (restaurantId = 1): Promise<{ orderId: string; ticketId: string }> => {
    const orderId = randomUUID();
    const [answer] = await create({ orderId, restaurantId });
    return { orderId, ticketId: (answer as { ticketId: string }).ticketId };
  };
  const statusOf = async (orderId: string) => (await findTicketsOfOrder(database, orderId)).map(({ status }) => status);

  it('are created for the commands of a batch that may, and only for them', async () => {
    const orderIds = Array.from({ length: 5 }, () => randomUUID());
    const answers = await create(
      { orderId: orderIds[0]!, restaurantId: 4 },
      { orderId: orderIds[1]! },
      { orderId: orderIds[2]!, restaurantId: 99 },
      { orderId: orderIds[3]!, dish: "Dish 6'); drop table ticket; --" },
      { orderId: orderIds[4]!, restaurantId: 2, dish: 'Dish 5' },
    );
    expect(answers.map((answer) => (isRefusal(answer) ? answer.code : 'created'))).toEqual([
      'RESTAURANT_CLOSED',
      'created',
      'RESTAURANT_NOT_FOUND',
      'DISH_NOT_ON_MENU',
      'created',
    ]);
    expect(await findTicketsOfOrder(database, orderIds[1]!)).toMatchObject([
      {
        id: (answers[1] as { ticketId: string }).ticketId,
        restaurant_id: 1,
        status: 'CREATE_PENDING',
        items: [{ name: 'Dish 1', quantity: 2 }],
      },
    ]);
    expect(await Promise.all(orderIds.map(statusOf))).toEqual([[], ['CREATE_PENDING'], [], [], ['CREATE_PENDING']]);
  });

  it('are one for each order, within a batch as well', async () => {
    const orderId = randomUUID();
    expect(await create({ orderId }, { orderId })).toMatchObject([
      { ticketId: expect.any(String) as string },
      { code: 'ORDER_HAS_TICKET' },
    ]);
    expect(await create({ orderId })).toMatchObject([{ code: 'ORDER_HAS_TICKET' }]);
  });

  it('are one for each order when two processes create them in opposite order', async () => {
    const orders = Array.from({ length: 50 }, () => ({ orderId: randomUUID() }));
    const answers = await Promise.all([create(...orders), create(...orders.toReversed())]);
    expect(answers.flat().filter(isRefusal)).toHaveLength(50);
  });

  it('are written where the restaurant withholds its reply', async () => {
    const orderId = randomUUID();
    expect(await create({ orderId, restaurantId: 3 })).toEqual([{ kind: 'withheld' }]);
    expect(await statusOf(orderId)).toEqual(['CREATE_PENDING']);
  });

  it('are approved once', async () => {
    const ticket = await created();
    expect(await approve([ticket])).toEqual([{}]);
    expect(await statusOf(ticket.orderId)).toEqual(['APPROVED']);
    expect(await approve([ticket])).toMatchObject([{ code: 'TICKET_NOT_PENDING' }]);
  });

  it('are approved only under the order they belong to, and once in a batch', async () => {
    const [first, second] = [await created(), await created()];
    const crossed = { orderId: first.orderId, ticketId: second.ticketId };
    expect(await approve([crossed, first, first])).toMatchObject([
      { code: 'TICKET_NOT_PENDING' },
      {},
      { code: 'TICKET_NOT_PENDING' },
    ]);
    expect(await approve([crossed])).toMatchObject([{ code: 'TICKET_NOT_PENDING' }]);
    expect(await statusOf(second.orderId)).toEqual(['CREATE_PENDING']);
  });

  it('are approved at the third attempt where the kitchen fails twice', async () => {
    const ticket = await created(2);
    await expect(approve([ticket], 1)).rejects.toThrow('The Third Attempt');
    await expect(approve([ticket], 2)).rejects.toThrow('The Third Attempt');
    expect(await approve([ticket], 3)).toEqual([{}]);
  });

  it('are rejected, also a second time', async () => {
    const [first, second] = [await created(), await created(3)];
    expect(await reject(first.orderId, second.orderId)).toEqual([{}, {}]);
    expect(await reject(first.orderId)).toEqual([{}]);
    expect(await statusOf(first.orderId)).toEqual(['REJECTED']);
    expect(await statusOf(second.orderId)).toEqual(['REJECTED']);
  });

  it('are not rejected while the kitchen cooks, and that is an error', async () => {
    const [cooking, waiting] = [await created(), await created()];
    await approve([cooking]);
    await expect(reject(waiting.orderId, cooking.orderId)).rejects.toThrow('is APPROVED and cannot be rejected');
    expect(await statusOf(waiting.orderId)).toEqual(['CREATE_PENDING']);
  });

  it.each(TICKET_STATUSES)('change from %s only where the table of transitions says so', async (from) => {
    for (const next of TICKET_STATUSES) {
      const { orderId, ticketId } = await created();
      await database.updateTable('ticket').set({ status: from }).where('id', '=', ticketId).execute();
      await database.transaction().execute((tx) => changeTicketStatus(tx, [ticketId], next));
      expect(await statusOf(orderId)).toEqual([statusesBefore(next).includes(from) ? next : from]);
    }
  });

  it('have no status but those', async () => {
    const { ticketId } = await created();
    await expect(sql`update ticket set status = 'COOKED' where id = ${ticketId}`.execute(database)).rejects.toThrow(
      'ticket_status_check',
    );
  });
});
