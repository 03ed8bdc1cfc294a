/**
 * COMMIT and what can become of it: the connection is cut just before and just after the server got it, which looks the
 * same from here; the server answers ROLLBACK; or it refuses to commit, as with a full disk. Every order ends right,
 * and a client is never told a lie.
 */
import { expectHealed, placeBatch, together, type Batch } from '../support/batch.js';
import { failWrites } from '../support/failing-writes.js';
import { LONG_FORM } from '../support/long-form.js';
import { startPostgresProxy, type CommitFault, type PostgresProxy } from '../support/postgres-proxy.js';
import { heardFrom, type ServiceName } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

/** More would wait longer for each other than their steps have time, while everything is done again. */
const EACH = LONG_FORM ? 10 : 3;
/** How often each kind of transaction meets the fault. */
const TIMES = 2;
/**
 * One transaction may serve a whole batch, and what was committed already is not committed again: it takes at least as
 * many batches as times.
 */
const MOST_BATCHES = 4 * TIMES;

const TRANSACTIONS: Partial<Record<ServiceName, readonly Pick<CommitFault, 'of' | 'not'>[]>> = {
  'order-service': [
    // Starts, steps, and the steps that end an order.
    { of: /insert into saga_instance\b/ },
    { of: /insert into saga_history\b/, not: /insert into saga_instance\b|update orders\b/ },
    { of: /update orders\b/ },
  ],
  'restaurant-service': [{ of: /insert into ticket\b/ }, { of: /update "?ticket\b/ }],
  'accounting-service': [{ of: /insert into card_authorization\b/ }],
};
const SERVICES = Object.keys(TRANSACTIONS) as ServiceName[];
/** What pg says of a connection that ended, to the statement that waited and to the one after it. */
const LOST = /Connection terminated|ECONNRESET|EPIPE|not queryable/;

let stack: Stack;
const proxies = new Map<ServiceName, PostgresProxy>();
beforeAll(async () => {
  stack = await startStack('commits');
  const behindProxy = async (name: ServiceName): Promise<void> => {
    const { DATABASE_URL } = stack.settingsOf(name);
    const proxy = await startPostgresProxy(DATABASE_URL!);
    proxies.set(name, proxy);
    await stack.replace(name, { DATABASE_URL: proxy.through(DATABASE_URL!) });
  };
  await Promise.all(SERVICES.map(behindProxy));
}, 60_000);
afterAll(async () => {
  await stack.stopServices();
  await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
  await stack.stop();
}, 60_000);

test.each([
  ['lose their connection just before COMMIT', 'cut-before', LOST],
  ['lose their connection just after COMMIT', 'cut-after', LOST],
  ['are answered ROLLBACK', 'roll-back', /COMMIT answered ROLLBACK/],
] as const)(
  'the orchestrator and the participants %s',
  async (_what, how, complaint) => {
    const heard = SERVICES.map((service) => heardFrom(stack.service(service)));
    const happened = SERVICES.flatMap((service) =>
      TRANSACTIONS[service]!.map((transaction) =>
        proxies.get(service)!.atCommit({ ...transaction, how, times: TIMES }),
      ),
    );
    const batches: Batch[] = [];
    while (happened.some((times) => times() < TIMES) && batches.length < MOST_BATCHES)
      batches.push(await placeBatch(stack, EACH));
    await expectHealed(stack, together(batches));
    expect(happened.map((times) => times())).toEqual(happened.map(() => TIMES));
    expect(heard.map((since) => since(complaint))).toEqual(SERVICES.map(() => true));
  },
  60_000,
);

test.each([
  ['order-service', 'saga_instance', 'a full disk', '53100'],
  ['order-service', 'orders', 'a lost race', '40001'],
  ['restaurant-service', 'saga_inbox', 'a full disk', '53100'],
  ['restaurant-service', 'ticket', 'a lost race', '40001'],
] as const)(
  'the COMMIT of %s that wrote %s fails because of %s',
  async (service, table, _why, sqlstate) => {
    const heard = heardFrom(stack.service(service));
    const failing = await failWrites(stack.settingsOf(service).DATABASE_URL!, { table, sqlstate, at: 'commit' });
    const placing = placeBatch(stack, EACH);
    await failing.until(TIMES);
    await failing.lift();
    await expectHealed(stack, await placing);
    // Of what comes in floods, a summary is logged every ten seconds.
    await waitFor('the log to tell of it', () => heard(failing.message));
  },
  60_000,
);
