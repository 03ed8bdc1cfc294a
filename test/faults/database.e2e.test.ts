/**
 * What PostgreSQL can do to those who use it, to the orchestrator and to a participant: it says no in many ways, and
 * each of them passes without help.
 */
import { randomUUID } from 'node:crypto';
import { Random } from 'saga-core/testing';
import { expectHealed, placeBatch, together, type Batch } from '../support/batch.js';
import {
  changePassword,
  deadlock,
  endSessionsAtRandom,
  makeReadOnly,
  refuseConnections,
  refuseRole,
  takeAllConnections,
  timeStatementsOut,
  type FaultyDatabase,
  type Lift,
} from '../support/database-faults.js';
import { withClient } from '../support/failing-writes.js';
import { heardFrom } from '../support/service-process.js';
import { LONG_FORM } from '../support/long-form.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

const SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);
/** More would wait longer for each other than their steps have time, while everything is done again. */
const EACH = LONG_FORM ? 10 : 2;
/**
 * A service that pauses for longer and longer, as its sessions go on ending, must not face all the orders of that time
 * at once.
 */
const MOST_BATCHES = 12;
const ROLE = `test_service_${randomUUID().slice(0, 8)}`;
// A saga's commands reach the participant first, so its fault is noticed first.
const SERVICES = ['restaurant-service', 'order-service'] as const;
type Service = (typeof SERVICES)[number];
const TABLES: Readonly<Record<Service, FaultyDatabase['tables']>> = {
  'restaurant-service': ['ticket', 'saga_inbox'],
  'order-service': ['orders', 'saga_instance'],
};

let stack: Stack;
const databaseOf = (service: Service): FaultyDatabase => ({
  url: stack.settingsOf(service).DATABASE_URL!,
  role: ROLE,
  tables: TABLES[service],
});

beforeAll(async () => {
  stack = await startStack('database');
  await withClient(process.env.TEST_DATABASE_URL!, (server) =>
    server.query(`create role ${ROLE} login password '${ROLE}'`),
  );
  const asRole = async (service: Service): Promise<void> => {
    const { url } = databaseOf(service);
    await withClient(url, (database) =>
      database.query(`grant all on schema public to ${ROLE}; grant all on all tables in schema public to ${ROLE}`),
    );
    const own = new URL(url);
    [own.username, own.password] = [ROLE, ROLE];
    await stack.replace(service, { DATABASE_URL: own.href });
  };
  await Promise.all(SERVICES.map(asRole));
}, 60_000);
afterAll(async () => {
  await stack.stop();
  await withClient(process.env.TEST_DATABASE_URL!, (server) => server.query(`drop role ${ROLE}`));
}, 60_000);

/**
 * Imposes a fault on one database after the other, with orders in flight, until each service has met it; then lifts it,
 * and all must heal.
 */
async function weather(
  impose: (database: FaultyDatabase, heard: (what: string) => boolean) => Promise<Lift>,
  complaint: string,
  rejectedBy: readonly string[] = ['REPLY_TIMEOUT'],
): Promise<void> {
  const lifts: Lift[] = [];
  const placing: Promise<Batch>[] = [];
  const place = (): void => {
    const batch = placeBatch(stack, EACH);
    batch.catch(() => undefined);
    placing.push(batch);
  };
  try {
    for (const service of SERVICES) {
      const heard = heardFrom(stack.service(service));
      place();
      lifts.push(await impose(databaseOf(service), heard));
      place();
      await waitFor(`${service} to say "${complaint}"`, () => heard(complaint));
    }
  } finally {
    for (const lift of lifts.reverse()) await lift();
  }
  await expectHealed(stack, together(await Promise.all(placing)), { rejectedBy });
}

test('connections are refused', () => weather(refuseConnections, 'is not currently accepting connections'), 90_000);

test('no connection is left', () => weather(takeAllConnections, 'too many connections'), 90_000);

test('the role may not sign in', () => weather(refuseRole, 'is not permitted to log in'), 90_000);

test(
  'the password was changed',
  () => weather((database) => changePassword(database, ROLE), 'password authentication failed'),
  90_000,
);

test('the server is read-only', () => weather(makeReadOnly, 'in a read-only transaction'), 90_000);

test(
  'statements time out',
  () => weather(timeStatementsOut, 'canceling statement due to statement timeout', ['REPLY_TIMEOUT', 'HANDLER_FAILED']),
  90_000,
);

test('transactions are the victims of deadlocks', () => {
  const impose = (database: FaultyDatabase, heard: (what: string) => boolean) =>
    deadlock(database, () => heard('deadlock detected'));
  return weather(impose, 'deadlock detected');
}, 90_000);

test(`sessions are ended at random (FAULT_SEED=${SEED})`, async () => {
  const random = new Random(SEED);
  const heard = SERVICES.map((service) => heardFrom(stack.service(service)));
  const ending = SERVICES.map((service) => endSessionsAtRandom(databaseOf(service), random, LONG_FORM ? 30 : 12));
  const batches: Batch[] = [];
  const state = { isOver: false };
  const over = Promise.all(ending).finally(() => (state.isOver = true));
  over.catch(() => undefined);
  do batches.push(await placeBatch(stack, EACH));
  while (!state.isOver && batches.length < MOST_BATCHES);
  await over;
  await expectHealed(stack, together(batches), { rejectedBy: ['REPLY_TIMEOUT'] });
  expect(heard.map((since) => since(/terminating connection|Connection terminated|not queryable/))).toEqual([
    true,
    true,
  ]);
}, 150_000);
