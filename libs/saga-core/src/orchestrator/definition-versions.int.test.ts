/** Two versions of a saga in one database, and processes that know one of them or both, as during a rolling deployment. */
import { Type } from '@sinclair/typebox';
import { sql, type Kysely, type Transaction } from 'kysely';
import pino from 'pino';
import { uuidv7 } from 'uuidv7';
import { createTestBroker, type TestBroker } from '../../../../test/support/broker.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import { createParticipant, type Participant } from '../participant/participant.js';
import { migrate } from '../store/migrate.js';
import { orchestratorMigrations, participantMigrations, SAGA_MIGRATION_TABLE } from '../store/migrations/index.js';
import { openDatabase } from '../store/open-database.js';
import { connectTransport } from '../transport/rabbit-transport.js';
import type { Transport } from '../transport/transport.js';
import { createOrchestrator, type AnySagaDefinition, type Orchestrator } from './orchestrator.js';

type Db = Record<string, never>;
const none = Type.Object({});
const command = (task: string) => defineCommand({ task, description: '', payload: none, reply: none, refusals: {} });
const ship = command('depot.ship');
const thank = command('depot.thank');
const depot = defineService({ name: 'depot', title: '', description: '', commands: { ship, thank } });

const { retriable } = stepsFor<Record<string, never>, Transaction<Db>>();
const step = (contract: typeof ship) =>
  retriable({
    command: contract,
    payload: () => ({}),
    replyTimeoutMs: 60_000,
    backoff: { initialMs: 60_000, maxMs: 60_000 },
  });
const version1 = defineSaga({ name: 'parcel_saga', version: 1, data: none, steps: [step(ship)] });
const version2 = defineSaga({ name: 'parcel_saga', version: 2, data: none, steps: [step(ship), step(thank)] });

const logger = pino({ level: 'silent' });
let testDatabase: TestDatabase;
let broker: TestBroker;
let database: Kysely<Db>;
let transport: Transport;
let participant: Participant | null;
let running: Orchestrator<Db>[];

beforeEach(async () => {
  testDatabase = await createTestDatabase('definition_versions');
  broker = await createTestBroker('definition_versions');
  database = openDatabase(testDatabase.url, { poolSize: 8 });
  await migrate(database, {
    table: SAGA_MIGRATION_TABLE,
    migrations: { ...orchestratorMigrations, ...participantMigrations },
  });
  transport = connectTransport({ urls: [broker.amqpUrl], name: 'versions-test', logger });
  await waitFor('the broker', () => transport.canPublish());
  participant = null;
  running = [];
}, 60_000);

afterEach(async () => {
  await Promise.all([participant?.stop(), ...running.map((orchestrator) => orchestrator.stop())]);
  await transport.close();
  await database.destroy();
  await Promise.all([broker.drop(), testDatabase.drop()]);
}, 60_000);

/** A process of its own would have its own memory, and nothing else that matters here. */
const orchestratorOf = (...sagas: AnySagaDefinition<Transaction<Db>>[]): Orchestrator<Db> => {
  const orchestrator = createOrchestrator<Db>({ sagas, database, transport, logger });
  running.push(orchestrator);
  return orchestrator;
};

function startParticipant(): void {
  participant = createParticipant<typeof depot, Db>({
    service: depot,
    handlers: { ship: async () => ({}), thank: async () => ({}) },
    database,
    transport,
    logger,
  });
  participant.start();
}

async function start(orchestrator: Orchestrator<Db>, saga: typeof version1): Promise<string> {
  const id = uuidv7();
  const started = await database.transaction().execute((tx) => orchestrator.start(tx, saga, [{ id, data: {} }]));
  await started.publish();
  return id;
}

const keptReplies = async (): Promise<number> => (await sql`select from saga_kept_reply`.execute(database)).rows.length;

const untilEnded = (orchestrator: Orchestrator<Db>, id: string) =>
  waitFor(`saga ${id} to end`, async () => (await orchestrator.find(id))?.status === 'completed', 30_000);

it('keeps a reply that an old process receives for the new one, whose saga goes on without a timeout', async () => {
  startParticipant();
  const old = orchestratorOf(version1);
  const fresh = orchestratorOf(version1, version2);
  await old.run();
  await waitFor('the old process', () => old.isReady() && participant!.isReady());

  // Only the old process takes replies.
  const id = await start(fresh, version2);
  await waitFor('the reply to be kept', async () => (await keptReplies()) === 1);
  expect((await old.find(id))!.history.map(({ type }) => type)).toEqual(['started', 'command_sent']);
  expect(await broker.messageCounts()).toMatchObject({ 'parcel_saga.responses': 0, 'parcel_saga.responses.dead': 0 });

  await fresh.run();
  // The reply to the second step may reach either.
  await untilEnded(fresh, id);
  expect(await keptReplies()).toBe(0);
  expect((await fresh.find(id))!.history.map(({ type, step: name }) => [type, name].join(' '))).toEqual([
    'started ',
    'command_sent depot.ship',
    'step_succeeded depot.ship',
    'command_sent depot.thank',
    'step_succeeded depot.thank',
    'completed ',
  ]);
});

it('runs two versions side by side, with an old process and a new one that share everything', async () => {
  startParticipant();
  const [old, fresh] = [orchestratorOf(version1), orchestratorOf(version1, version2)];
  await Promise.all([old.run(), fresh.run()]);
  await waitFor('all', () => old.isReady() && fresh.isReady() && participant!.isReady());
  const ids = await Promise.all(
    Array.from({ length: 40 }, (_, index) => start(index % 2 ? old : fresh, index % 2 ? version1 : version2)),
  );
  for (const id of ids) await untilEnded(fresh, id);
  for (const [index, id] of ids.entries()) {
    const { history, definitionVersion } = (await fresh.find(id))!;
    expect(definitionVersion).toBe(index % 2 ? 1 : 2);
    expect(history.filter(({ type }) => type === 'step_succeeded')).toHaveLength(definitionVersion);
    expect(history.filter(({ type }) => type === 'step_timed_out')).toEqual([]);
  }
});

it('does not start without a version that living instances need, stuck ones included, and says how many', async () => {
  const fresh = orchestratorOf(version1, version2);
  const [running1, stuck1] = [await start(fresh, version1), await start(fresh, version1)];
  await start(fresh, version2);
  await sql`update saga_instance set status = 'stuck', wake_at = null, deadline = null, awaited = jsonb_set(awaited, '{state}', '"parked"')
    where saga_id = ${stuck1}::uuid`.execute(database);
  const tooNew = orchestratorOf(version2);
  await expect(tooNew.run()).rejects.toMatchObject({
    code: 'DEFINITION_MISSING',
    message: expect.stringContaining('2 living instances of parcel_saga version 1 (1 stuck):') as string,
  });
  expect(tooNew.isReady()).toBe(false);

  // Once they have ended, nothing needs the old version.
  startParticipant();
  await fresh.run();
  await waitFor('the new process', () => fresh.isReady() && participant!.isReady());
  for (const id of [running1, stuck1]) {
    await fresh.operate(id, { type: 'retry', by: 'ann', reason: 'the depot is open' });
    await untilEnded(fresh, id);
  }
  await tooNew.run();
  await waitFor('the process without the old version', () => tooNew.isReady());
});

it('tells an operator that another process knows this saga', async () => {
  const id = await start(orchestratorOf(version2), version2);
  const old = orchestratorOf(version1);
  await expect(old.operate(id, { type: 'retry', by: 'ann', reason: 'now' })).rejects.toMatchObject({
    code: 'UNKNOWN_DEFINITION',
  });
  expect((await old.find(id))!.history).toHaveLength(2);
});
