/**
 * Local steps and sagas that misbehave, beside others: in the reply queue, at deadlines and at starts. Their neighbours
 * end as if they were not there; the guilty ones use up their attempts, and end or are stuck with the reason.
 */
import { readFile } from 'node:fs/promises';
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { defineCommand, defineSaga, defineService, inBatches, stepsFor, type Orchestrator } from 'saga-core';
import { createSagaLab, type LabTables, type LabTx, type SagaLab } from '../../support/saga-lab.js';
import { waitFor } from '../../support/wait-for.js';

const data = Type.Object({ text: Type.String() });
interface Data {
  text: string;
}
const greet = defineCommand({
  task: 'greeter.greet',
  description: '',
  payload: data,
  reply: Type.Object({}),
  refusals: {},
});
const silent = defineCommand({
  task: 'greeter.silent',
  description: '',
  payload: data,
  reply: Type.Object({}),
  refusals: {},
});
const greeter = defineService({ name: 'greeter', title: '', description: '', commands: { greet, silent } });

/** What a local step does, by the text that asks for it. */
const MISBEHAVIOURS: Record<string, (tx: LabTx) => Promise<unknown>> = {
  'reads a file that is missing': () => readFile('/nowhere/at/all'),
  'throws what looks like an outage': () =>
    Promise.reject(Object.assign(new Error('Connection terminated unexpectedly'), { code: '57P01' })),
  'swallows a failed statement': (tx) => sql`select 1 / 0`.execute(tx).catch(() => undefined),
  'breaks a constraint that is looked at in COMMIT': (tx) => sql`insert into child values ('nobody')`.execute(tx),
  'ends its own session': (tx) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx).catch(() => undefined),
  'never answers': () => new Promise(() => undefined),
};
const kinds = Object.keys(MISBEHAVIOURS);

async function write(tx: LabTx, { data: { text } }: { data: Data }): Promise<void> {
  if (MISBEHAVIOURS[text]) await MISBEHAVIOURS[text](tx);
  else await sql`insert into written values (${text}) on conflict do nothing`.execute(tx);
}
const writeAll = inBatches(async (tx: LabTx, inputs: readonly { data: Data }[]) => {
  for (const input of inputs) await write(tx, input);
  return inputs.map(() => undefined);
});

const { readOnly, retriable, compensatable } = stepsFor<Data, LabTx>();
const payload = ({ text }: Data): Data => ({ text });
const quick = { attempts: 2, backoff: { initialMs: 50, factor: 1, maxMs: 50 } };
const greetStep = readOnly({ command: greet, payload });
const undo = { name: 'unwrite', handle: async () => undefined };
/** The local step follows a reply, and is before the pivot: who fails is compensated. */
const afterReply = defineSaga({
  name: 'after_reply',
  data,
  steps: [greetStep, compensatable({ local: { name: 'write', handle: write }, ...quick, undo })],
});
/** The local step must succeed: who fails is stuck. */
const forward = defineSaga({
  name: 'forward',
  data,
  steps: [greetStep, retriable({ local: { name: 'write_all', handle: writeAll }, ...quick })],
});
/** The undo, a local step, runs when the time of a command is up. */
const atDeadline = defineSaga({
  name: 'at_deadline',
  data,
  steps: [
    compensatable({
      local: { name: 'begin', handle: async () => undefined },
      undo: { name: 'take_back', handle: write, ...quick },
    }),
    readOnly({ command: silent, payload, replyTimeoutMs: 300, attempts: 1 }),
  ],
});

let lab: SagaLab;
let orchestrator: Orchestrator<LabTables>;
beforeAll(async () => {
  lab = await createSagaLab('local_steps');
  await sql`create table written (text text primary key);
    create table child (parent text references written deferrable initially deferred)`.execute(lab.database);
  await lab.participant(
    greeter,
    { greet: async () => ({}), silent: () => new Promise(() => undefined) },
    { handlerTimeoutMs: 60_000 },
  );
  orchestrator = lab.orchestrator([afterReply, forward, atDeadline], { handlerTimeoutMs: 2_000 });
  await orchestrator.run();
}, 60_000);
afterAll(() => lab.close(), 120_000);

const statusOf = async (id: string) => (await orchestrator.find(id))!.status;
const neighbours = (kind: string) => ['a', 'b', 'c', 'd'].map((name) => `${name} beside ${kind}`);

describe.each([
  ['after a reply, before the pivot', afterReply, 'completed', 'compensated'],
  ['after a reply, where it must succeed', forward, 'completed', 'stuck'],
  ['when a deadline has passed', atDeadline, 'compensated', 'stuck'],
] as const)('a local step %s', (title, saga, end, guiltyEnd) => {
  it.each(kinds)(
    'that %s harms no neighbour',
    async (kind) => {
      const texts = [...neighbours(`${kind} ${title}`).slice(0, 2), kind, ...neighbours(`${kind} ${title}`).slice(2)];
      const ids = await Promise.all(texts.map((text) => lab.start(orchestrator, saga, { text })));
      const guilty = ids.splice(2, 1)[0]!;
      for (const id of ids) await waitFor(`saga ${id} to end`, async () => (await statusOf(id)) === end);
      for (const id of ids) {
        const { history } = (await orchestrator.find(id))!;
        // They needed no second attempt.
        expect(history.filter(({ type }) => type === 'command_resent' || type === 'stuck')).toEqual([]);
      }
      await waitFor(`the guilty one to be ${guiltyEnd}`, async () => (await statusOf(guilty)) === guiltyEnd, 40_000);
      const { history, lastError } = (await orchestrator.find(guilty))!;
      expect(history.filter(({ type, code }) => type === 'step_failed' && code === 'LOCAL_STEP_FAILED')).toHaveLength(
        2,
      );
      expect(lastError).toMatchObject({ code: 'LOCAL_STEP_FAILED' });
    },
    90_000,
  );
});

it('a start that throws is told so, with its cause, and not that the database is away', async () => {
  const start = defineSaga({ name: 'at_start', data, steps: [retriable({ local: { name: 'first', handle: write } })] });
  const starter = lab.orchestrator([start]);
  await expect(lab.start(starter, start, { text: 'reads a file that is missing' })).rejects.toMatchObject({
    code: 'START_FAILED',
    cause: { code: 'ENOENT' },
  });
});
