/**
 * Handlers that meddle with the transaction which they share, throw what can hardly be looked at, or change what they
 * were given: their neighbours' writes are where they belong, once, and are answered as if those were not there.
 */
import { randomUUID } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { defineCommand, defineService, inBatches, type CommandHandlers, type ReceivedCommand } from 'saga-core';
import { createSagaLab, type LabTx, type SagaLab } from '../../support/saga-lab.js';
import { playOrchestrator, type TestOrchestrator } from '../../support/test-orchestrator.js';

const Note = Type.Object({ text: Type.String() });
const define = (name: string) =>
  defineCommand({
    task: `meddled.${name}`,
    description: '',
    payload: Note,
    reply: Type.Object({ written: Type.String() }),
    refusals: { NO: '' },
  });
const [single, batch] = [define('single'), define('batch')];
const meddled = defineService({ name: 'meddled', title: '', description: '', commands: { single, batch } });
type Command = ReceivedCommand<{ text: string }>;

const done = { written: 'meddled' };
const thenDone = (statement: string) => async (tx: LabTx) => {
  await sql.raw(statement).execute(tx);
  return done;
};
const throwing = (thrown: () => unknown) => (): Promise<never> =>
  new Promise((_resolve, reject) => {
    (reject as (reason: unknown) => void)(thrown());
  });
const trap = (): never => {
  throw new Error('a trap');
};

/** Each kind of misbehaviour, by the text that asks for it. */
const MISBEHAVIOURS: Record<string, (tx: LabTx, command: Command) => Promise<unknown>> = {
  commits: thenDone('commit'),
  'ends the transaction': thenDone('END'),
  'rolls back': thenDone('ROLLBACK'),
  aborts: thenDone('  abort'),
  'commits and chains': thenDone('commit and chain'),
  'commits behind something else': thenDone('select 1; commit'),
  'has a search path of its own until the transaction ends': thenDone('set local search_path = elsewhere, public'),
  'has a search path of its own': thenDone('set search_path = elsewhere, public'),
  'has a search path by function': thenDone("select set_config('search_path', 'elsewhere, public', true)"),
  'has another role until the transaction ends': thenDone('set local role pg_monitor'),
  'has another role': thenDone('set role pg_monitor'),
  'is impatient until the transaction ends': thenDone('set local statement_timeout = 1'),
  'puts off constraints': thenDone('set constraints all deferred'),
  'locks for its session': thenDone('select pg_advisory_lock(7)'),
  'locks for its transaction': thenDone('select pg_advisory_xact_lock(8)'),
  listens: thenDone('listen notes'),
  notifies: thenDone("notify notes, 'x'"),
  'makes a temporary table that hides another': thenDone('create temp table note (id text primary key)'),
  'makes a local temporary table that hides another': thenDone(
    'create local temporary table note (id text primary key)',
  ),
  'leaves a cursor': thenDone('declare left_open cursor with hold for select * from note'),
  'leaves a prepared statement': thenDone('prepare left_prepared as select 1'),
  'throws undefined': throwing(() => undefined),
  'throws null': throwing(() => null),
  'throws a text': throwing(() => 'no'),
  'throws a proxy that cannot be looked at': throwing(
    () => new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap }),
  ),
  'throws an error whose members throw': throwing(() =>
    Object.defineProperties(new Error('x'), {
      code: { get: trap },
      message: { get: trap },
      stack: { get: trap },
      cause: { get: trap },
    }),
  ),
  'answers a proxy': () => Promise.resolve(new Proxy({ written: 'x' }, { ownKeys: trap })),
  'answers more than a message may have': () => Promise.resolve({ written: 'x'.repeat(1_500_000) }),
  'answers nothing': () => Promise.resolve(undefined),
  'does not wait for a statement that fails': (tx) => {
    sql`select 1 / 0`.execute(tx).catch(() => undefined);
    return Promise.resolve(done);
  },
  'does not wait for a statement that fails later': (tx) => {
    setTimeout(() => void sql`select 1 / 0`.execute(tx).catch(() => undefined), 2);
    return Promise.resolve(done);
  },
  'changes where its answer goes': (_tx, command) => {
    (command as { commandId: string }).commandId = commandId();
    return Promise.resolve(done);
  },
  'changes its payload': (_tx, command) => {
    command.payload.text = 'changed';
    return Promise.resolve(done);
  },
};

async function write(tx: LabTx, command: Command): Promise<unknown> {
  const misbehave = MISBEHAVIOURS[command.payload.text];
  if (misbehave) return misbehave(tx, command);
  await sql`insert into note values (${command.commandId})`.execute(tx);
  return { written: command.payload.text };
}

/** These would end what their neighbours are in. */
const ENDS = /^(commits|ends|rolls|aborts)/;

const commandId = (): string => `${randomUUID()}:1`;

let lab: SagaLab;
let orchestrator: TestOrchestrator;
beforeAll(async () => {
  lab = await createSagaLab('meddled');
  await sql`create table note (id text primary key); create schema elsewhere;
    create table elsewhere.note (id text primary key)`.execute(lab.database);
  await lab.participant(
    meddled,
    {
      single: write,
      batch: inBatches(async (tx: LabTx, commands: readonly Command[]) => {
        const answers: unknown[] = [];
        for (const command of commands) answers.push(await write(tx, command));
        return answers;
      }),
    } as unknown as CommandHandlers<typeof meddled, LabTx>,
    { handlerTimeoutMs: 2_000 },
  );
  orchestrator = await playOrchestrator(lab.broker.amqpUrl);
}, 60_000);
afterAll(async () => {
  await orchestrator.close();
  await lab.close();
}, 60_000);

describe.each(['single', 'batch'])('%s', (name) => {
  it.each(Object.keys(MISBEHAVIOURS))(
    'one that %s harms no neighbour',
    async (kind) => {
      const texts = ['a', 'b', kind, 'c', 'd'];
      const sent = texts.map((text, index) => ({
        text,
        // Others share the transaction that do not share the handler.
        task: `meddled.${index % 2 === 0 ? name : name === 'single' ? 'batch' : 'single'}`,
        correlationId: commandId(),
      }));
      await Promise.all(
        sent.map(({ task, text, correlationId }) => orchestrator.send(task, { text }, { correlationId })),
      );
      const neighbours = sent.filter((each) => each.text !== kind);
      for (const { task, text, correlationId } of neighbours) {
        const [reply] = await orchestrator.replies(correlationId);
        expect([reply!.routingKey, reply!.body]).toEqual([`${task}.response.success`, { written: text }]);
      }
      const { correlationId } = sent.find((each) => each.text === kind)!;
      const [guilty] = await orchestrator.replies(correlationId);
      if (ENDS.test(kind)) expect(guilty!.body).toMatchObject({ code: 'HANDLER_FAILED' });
      // What a batch handler sets for its own statements is its own doing.
      const apart = neighbours.filter(({ task }) => name === 'single' || task === 'meddled.single');
      const written = await sql<{
        id: string;
      }>`select id from public.note where id = any(${apart.map((each) => each.correlationId)})`.execute(lab.database);
      expect(written.rows.length).toBe(apart.length);
    },
    30_000,
  );
});

it('no session keeps what was left behind', async () => {
  const { rows } =
    await sql`select 1 from pg_locks where locktype = 'advisory' and objid in (7, 8) and database = (select oid from pg_database where datname = current_database())`.execute(
      lab.database,
    );
  expect(rows).toEqual([]);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const { rows } =
        await sql`select current_setting('search_path') p, current_user::text = session_user::text u, (select count(*)::int from pg_cursors where is_holdable) c, to_regclass('pg_temp.note')::text t, pg_sleep(0.2)`.execute(
          lab.database,
        );
      expect(rows).toMatchObject([{ p: '"public"', u: true, c: 0, t: null }]);
    }),
  );
});
