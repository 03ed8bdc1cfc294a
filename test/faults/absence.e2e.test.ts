/**
 * Those who are not there in time: a participant that is down past its deadline, processes that are stopped in the
 * middle, and clocks that are wrong.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expectHealed, placeBatch } from '../support/batch.js';
import { withClient } from '../support/failing-writes.js';
import { openForeignSession } from '../support/foreign-session.js';
import { HEALED_WITHIN_MS } from '../support/healed-within.js';
import { get, post } from '../support/http.js';
import { allOrders, everyOrderEnded, orders } from '../support/orders.js';
import { heardFrom, startService, type ServiceName, type ServiceProcess } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

const EACH = Number(process.env.FAULT_ROUNDS ?? 3);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack('absence');
}, 60_000);
afterAll(() => stack.stop(), 60_000);

describe('a participant is down past its deadline', () => {
  const COMMANDS = 'restaurant_service.commands';
  // Each kind but the one whose consumer is refused: two attempts and one undo.
  const sagas = EACH * (Object.keys(orders).length - 1);
  const inbox = async () => {
    const { rows } = await withClient(stack.settingsOf('restaurant-service').DATABASE_URL!, (database) =>
      database.query<{ barred: number; tickets: number }>(
        `select (select count(*)::integer from saga_inbox where state = 'barred') as barred, (select count(*)::integer from ticket) as tickets`,
      ),
    );
    return rows[0]!;
  };

  test.each([
    // A dish that is not on the menu makes no ticket.
    ['and finds the action before its undo', false, { barred: 0, tickets: sagas - EACH }],
    ['and finds the undo before its action, which is barred', true, { barred: sagas, tickets: 0 }],
  ])(
    '%s',
    async (_what, reversed, expected) => {
      const before = await inbox();
      stack.service('restaurant-service').kill();
      await stack.service('restaurant-service').exited;
      const batch = await placeBatch(stack, EACH);
      const waiting = async () => (await stack.broker.messageCounts())[COMMANDS] === sagas * 3;
      await waitFor('all undos to wait behind their actions', waiting);
      if (reversed) await stack.broker.reverse(COMMANDS, sagas * 3);
      await stack.replace('restaurant-service');
      await expectHealed(stack, batch, { rejectedBy: ['REPLY_TIMEOUT'] });
      const after = await inbox();
      expect({ barred: after.barred - before.barred, tickets: after.tickets - before.tickets }).toEqual(expected);
      const rejected = (await allOrders(stack, 'REJECTED')).filter(({ id }) => batch.kinds.has(id));
      expect(rejected).toHaveLength(batch.kinds.size);
    },
    90_000,
  );
});

test('an orchestrator and a participant are stopped within a transaction, others take over, and the stopped ones come back', async () => {
  const names: readonly ServiceName[] = ['order-service', 'restaurant-service'];
  // As the defaults, only sooner.
  const settingsOf = (name: ServiceName): Record<string, string> => {
    const { AMQP_URL, DATABASE_URL } = stack.settingsOf(name);
    return {
      AMQP_URL: `${AMQP_URL}?heartbeat=1`,
      LOG_LEVEL: 'debug',
      DATABASE_URL: `${DATABASE_URL}?idle_in_transaction_session_timeout=2000`,
    };
  };
  const stopped = await Promise.all(names.map((name) => stack.replace(name, settingsOf(name))));
  const twins = new Map<ServiceName, ServiceProcess>();
  const holdUp = async (name: ServiceName, table: string) => {
    const session = await openForeignSession(stack.settingsOf(name).DATABASE_URL!);
    await session.query(`begin; lock table ${table} in share row exclusive mode`);
    return session;
  };
  try {
    const onTickets = await holdUp('restaurant-service', 'ticket');
    const batch = await placeBatch(stack, EACH);
    await onTickets.untilItBlocks();
    // What ends an order is a transaction of the orchestrator, with a local step; its other steps are one statement
    // each.
    const onOrders = await holdUp('order-service', 'orders');
    const heard = stopped.map(heardFrom);
    // Their statements are done once the locks are gone, their transactions are open and hold locks of their own, and
    // nobody goes on with them.
    const [orchestrator, participant] = stopped as [ServiceProcess, ServiceProcess];
    participant.pause();
    await onTickets.end();
    twins.set('restaurant-service', startService('restaurant-service', settingsOf('restaurant-service')));
    await onOrders.untilItBlocks();
    orchestrator.pause();
    await onOrders.end();
    twins.set('order-service', startService('order-service', settingsOf('order-service')));
    await Promise.all([...twins.values()].map((twin) => twin.untilReady()));
    const viaTwins: Stack = { ...stack, url: (name) => (twins.get(name) ?? stack.service(name)).url() };
    await expectHealed(viaTwins, batch, { rejectedBy: ['REPLY_TIMEOUT'] });
    const ended = JSON.stringify(await allOrders(viaTwins));

    for (const process of stopped) process.resume();
    // Their sessions are gone: a statement of the handler finds out, or one of the library after it.
    const noticed = /its inputs are handled one at a time|a batch failed as a whole/;
    await waitFor('the stopped ones to notice', () => heard.every((since) => since(noticed)));
    await Promise.all(stopped.map((process) => process.untilReady()));
    expect(JSON.stringify(await allOrders(viaTwins))).toBe(ended);
    await expectHealed(stack, batch, { rejectedBy: ['REPLY_TIMEOUT'] });
    await expectHealed(stack, await placeBatch(stack, EACH));
  } finally {
    for (const process of stopped) process.resume();
    await Promise.all([...twins.values()].map((twin) => twin.stop()));
  }
}, 120_000);

describe('clocks are minutes apart', () => {
  const MINUTES = 60_000;
  const preload = pathToFileURL(path.resolve('test/support/skewed-clock.mjs')).href;
  const skewed = (minutes: number) => ({
    NODE_OPTIONS: `--import ${preload}`,
    CLOCK_SKEW_MS: String(minutes * MINUTES),
  });
  const minutesOff = (service: ServiceProcess): number => {
    const { time } = JSON.parse(service.output().split('\n')[0]!) as { time: string };
    return Math.round((Date.parse(time) - Date.now()) / MINUTES);
  };

  test('and each step waits as long as it should, by the clock of the database', async () => {
    const fast = await stack.replace('order-service', skewed(5));
    await Promise.all([
      stack.replace('restaurant-service', skewed(-7)),
      stack.replace('accounting-service', skewed(9)),
    ]);
    const slow = startService('order-service', { ...stack.settingsOf('order-service'), ...skewed(-5) });
    try {
      await slow.untilReady();
      expect([fast, slow].map(minutesOff)).toEqual([5, -5]);
      // The kitchen that never answers: two attempts of two seconds, each of which either process may end.
      const silent = await Promise.all(
        [fast, slow, fast, slow].map((service) =>
          post<{ id: string; sagaId: string }>(`${service.url()}/orders`, { ...orders.good, restaurantId: 3 }),
        ),
      );
      await expectHealed(stack, await placeBatch(stack, EACH, () => slow.url()));
      await everyOrderEnded(stack, HEALED_WITHIN_MS);
      for (const { body } of silent) {
        const saga = await get<Saga>(`${stack.url('order-service')}/sagas/${body.sagaId}`);
        expect(waitsOf(saga.body)).toEqual([expect.any(Number), expect.any(Number)]);
        for (const waited of waitsOf(saga.body)) {
          // The wait counts from the decision, which is written down a little later.
          expect(waited).toBeGreaterThan(1_000);
          expect(waited).toBeLessThan(2_000 + HEALED_WITHIN_MS);
        }
      }
    } finally {
      await slow.stop();
    }
  }, 90_000);
});

interface Saga {
  readonly history: readonly { readonly type: string; readonly step?: string; readonly at: string }[];
}

/**
 * @returns how long each attempt of create_ticket waited until it was given up, in milliseconds by the clock of the
 *   database
 */
function waitsOf({ history }: Saga): number[] {
  const at = (type: RegExp) =>
    history
      .filter((entry) => type.test(entry.type) && entry.step === 'restaurant_service.create_ticket')
      .map((entry) => Date.parse(entry.at));
  const sent = at(/^command_(re)?sent$/);
  return at(/^step_timed_out$/).map((timedOut, attempt) => timedOut - sent[attempt]!);
}
