/**
 * Handlers that misbehave in ways nobody foresaw, in one batch with others: their neighbours are answered as if they
 * were not there, and the guilty one is answered HANDLER_FAILED.
 */
import { randomUUID } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { defineCommand, defineService, inBatches, refuse, type CommandHandlers, type ReceivedCommand } from 'saga-core';
import { createSagaLab, type LabTx, type SagaLab } from '../../support/saga-lab.js';
import { playOrchestrator, type TestOrchestrator } from '../../support/test-orchestrator.js';
import { waitFor } from '../../support/wait-for.js';

const Note = Type.Object({ text: Type.String() });
const define = (name: string) =>
  defineCommand({
    task: `notes.${name}`,
    description: '',
    payload: Note,
    reply: Type.Object({ written: Type.String() }),
    refusals: { NO: '' },
  });
const [single, batch] = [define('single'), define('batch')];
const notes = defineService({ name: 'notes', title: '', description: '', commands: { single, batch } });
type Command = ReceivedCommand<{ text: string }>;

/** Each kind of misbehaviour, by the text that asks for it. */
const MISBEHAVIOURS: Record<string, (tx: LabTx, command: Command) => Promise<unknown>> = {
  throws: () => Promise.reject(new Error('no')),
  'throws what looks like an outage': () =>
    Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })),
  'reads a file that is missing': () => Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT' })),
  'throws a deadlock of its own making': () =>
    Promise.reject(Object.assign(new Error('deadlock detected'), { code: '40P01' })),
  'throws something without a prototype': () => Promise.reject(Object.create(null) as Error),
  'swallows a unique violation': async (tx) => {
    await sql`insert into unique_note values ('taken')`.execute(tx).catch(() => undefined);
    return { written: 'nothing' };
  },
  'breaks a constraint that is looked at in COMMIT': async (tx) => {
    await sql`insert into child_note values ('orphan', 'nobody')`.execute(tx);
    return { written: 'orphan' };
  },
  'refuses with details that refer to themselves': async () => {
    const details: Record<string, unknown> = {};
    details.self = details;
    return refuse('NO', 'no', details);
  },
  'makes its transaction read-only': async (tx) => {
    await sql`set transaction read only`.execute(tx);
    return { written: 'nothing' };
  },
  'leaves a savepoint, and a failed statement after it': async (tx) => {
    await sql`savepoint isolated`.execute(tx);
    await sql`select 1 / 0`.execute(tx).catch(() => undefined);
    return { written: 'nothing' };
  },
  'ends its own session': async (tx) => {
    await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx).catch(() => undefined);
    return { written: 'nothing' };
  },
  'never answers': () => new Promise(() => undefined),
  'waits for a lock that is held elsewhere': async (tx) => {
    await sql`select from locked_note for update`.execute(tx);
    return { written: 'nothing' };
  },
  'has so short a limit for statements that the next one fails': async (tx) => {
    await sql`set statement_timeout = 1`.execute(tx);
    return { written: 'nothing' };
  },
};

async function write(tx: LabTx, command: Command): Promise<unknown> {
  const misbehave = MISBEHAVIOURS[command.payload.text];
  if (misbehave) return misbehave(tx, command);
  await sql`insert into note values (${command.commandId})`.execute(tx);
  return { written: command.payload.text };
}

/** These leave something behind, but their own effect can be kept. */
const MAY_SUCCEED = ['makes its transaction read-only', 'has so short a limit for statements that the next one fails'];

const commandId = (): string => `${randomUUID()}:1`;

let lab: SagaLab;
let orchestrator: TestOrchestrator;
let letGo: () => void;
let held: Promise<unknown>;
beforeAll(async () => {
  lab = await createSagaLab('neighbours');
  await sql`create table note (id text primary key); create table unique_note (id text primary key);
    create table child_note (id text primary key, parent text references note deferrable initially deferred);
    create table locked_note (id text primary key); insert into unique_note values ('taken'); insert into locked_note values ('locked')`.execute(
    lab.database,
  );
  await new Promise<void>((locked, reject) => {
    held = lab.database
      .transaction()
      .execute(async (tx) => {
        await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx);
        await sql`select from locked_note for update`.execute(tx);
        locked();
        await new Promise<void>((resolve) => (letGo = resolve));
      })
      .catch(reject);
  });
  await lab.participant(
    notes,
    {
      single: write,
      batch: inBatches(async (tx: LabTx, commands: readonly Command[]) => {
        const answers: unknown[] = [];
        for (const command of commands) answers.push(await write(tx, command));
        return answers;
      }),
    } as unknown as CommandHandlers<typeof notes, LabTx>,
    { handlerTimeoutMs: 2_000 },
  );
  orchestrator = await playOrchestrator(lab.broker.amqpUrl);
}, 60_000);
afterAll(async () => {
  letGo();
  await held;
  await orchestrator.close();
  await lab.close();
}, 60_000);

const kinds = Object.keys(MISBEHAVIOURS);

describe.each(['notes.single', 'notes.batch'])('%s', (task) => {
  it.each(kinds)(
    'one that %s harms no neighbour',
    async (kind) => {
      const texts = ['a', 'b', kind, 'c', 'd'];
      const sent = texts.map((text) => ({ text, correlationId: commandId() }));
      // One write to the socket: they arrive together, and are handled as one batch.
      await Promise.all(sent.map(({ text, correlationId }) => orchestrator.send(task, { text }, { correlationId })));
      for (const { text, correlationId } of sent.filter((each) => each.text !== kind)) {
        const [reply] = await orchestrator.replies(correlationId);
        expect([reply!.routingKey, reply!.body]).toEqual([`${task}.response.success`, { written: text }]);
      }
      const { correlationId } = sent.find((each) => each.text === kind)!;
      const [guilty] = await orchestrator.replies(correlationId);
      if (!MAY_SUCCEED.includes(kind) || guilty!.routingKey.endsWith('failure')) {
        expect(guilty!.routingKey).toBe(`${task}.response.failure`);
        expect(guilty!.body).toMatchObject({ kind: 'error', code: 'HANDLER_FAILED' });
      }
      const written = await sql<{
        id: string;
      }>`select id from note where id = any(${sent.map((each) => each.correlationId)})`.execute(lab.database);
      expect(written.rows.length).toBe(4);
    },
    60_000,
  );

  it('what comes after one that never answers does not wait for its end', async () => {
    const guilty = commandId();
    await orchestrator.send(task, { text: 'never answers' }, { correlationId: guilty });
    const innocent = commandId();
    await orchestrator.send(task, { text: 'later' }, { correlationId: innocent });
    await orchestrator.replies(innocent);
    expect(await Promise.race([orchestrator.replies(guilty), Promise.resolve('not yet')])).toBe('not yet');
    await orchestrator.replies(guilty);
  }, 60_000);
});

it('leaves nothing behind: no message, no dead letter', async () => {
  await waitFor('empty queues', async () => {
    const counts = await lab.broker.messageCounts();
    return counts['notes.commands'] === 0 && counts['notes.commands.dead'] === 0;
  });
});
