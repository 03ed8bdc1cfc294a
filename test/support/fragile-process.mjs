/**
 * A participant, or an orchestrator, that dies over one message as often as it sees it. Run by tests: `node
 * fragile-process.mjs participant|orchestrator`.
 */
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import pino from 'pino';
import {
  SAGA_MIGRATION_TABLE,
  connectTransport,
  createOrchestrator,
  createParticipant,
  defineCommand,
  defineSaga,
  defineService,
  migrate,
  openDatabase,
  orchestratorMigrations,
  participantMigrations,
  stepsFor,
} from 'saga-core';

const role = process.argv[2];
const logger = pino({ name: role });
const database = openDatabase(process.env.DATABASE_URL);
const transport = connectTransport({ urls: [process.env.AMQP_URL], name: role, logger });
const dieOver = (payload) => payload.isFatal && process.kill(process.pid, 'SIGKILL');

const touch = defineCommand({
  task: 'fragile_service.touch',
  description: 'Notes a number, or kills who does.',
  payload: Type.Object({ number: Type.Integer(), isFatal: Type.Boolean() }),
  reply: Type.Object({ isFatal: Type.Boolean() }),
  refusals: {},
});
const service = defineService({ name: 'fragile_service', title: 'Fragile', description: 'Dies.', commands: { touch } });

async function runParticipant() {
  await migrate(database, { table: SAGA_MIGRATION_TABLE, migrations: participantMigrations });
  await sql`create table if not exists touched (number integer not null)`.execute(database);
  createParticipant({
    service,
    handlers: {
      touch: async (tx, { payload }) => {
        dieOver(payload);
        await sql`insert into touched values (${payload.number})`.execute(tx);
        return { isFatal: false };
      },
    },
    database,
    transport,
    logger,
  }).start();
}

async function runOrchestrator() {
  await migrate(database, { table: SAGA_MIGRATION_TABLE, migrations: orchestratorMigrations });
  const { readOnly } = stepsFor();
  const saga = defineSaga({
    name: 'fragile_saga',
    data: Type.Object({ number: Type.Integer() }),
    steps: [
      readOnly({
        command: touch,
        payload: ({ number }) => ({ number, isFatal: false }),
        onReply: (_data, reply) => void dieOver(reply),
        // Longer than the test: what is seen is the message, and not what becomes of its saga when its time is up.
        replyTimeoutMs: 300_000,
        attempts: 1,
      }),
    ],
  });
  const orchestrator = createOrchestrator({ sagas: [saga], database, transport, logger });
  orchestrator.run();
  // Commands that nobody takes are returned, and the saga is over: the test has declared a queue for them.
  const ids = (process.env.START ?? '').split(',').filter(Boolean);
  const instances = ids.map((id, number) => ({ id, data: { number } }));
  if (ids.length === 0) return;
  const started = await database.transaction().execute((tx) => orchestrator.start(tx, saga, instances));
  while (!transport.canPublish()) await new Promise((resolve) => setTimeout(resolve, 20));
  await started.publish();
}

await (role === 'participant' ? runParticipant() : runOrchestrator());
