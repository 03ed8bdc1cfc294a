/**
 * What a step makes of a saga's data is what the next one gets, whether or not the process was started anew in between.
 */
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';

const none = Type.Object({});
const given = Type.Object({ since: Type.String() });
const command = (task: string, payload = none) =>
  defineCommand({ task, description: '', payload, reply: none, refusals: {} });
const ask = command('desk.ask');
const write = command('office.write', given);
const send = command('office.send', given);
const desk = defineService({ name: 'desk', title: '', description: '', commands: { ask } });
const office = defineService({ name: 'office', title: '', description: '', commands: { write, send } });

const Data = Type.Object({
  since: Type.Optional(Type.String()),
  note: Type.Optional(Type.String()),
  order: Type.Optional(Type.Record(Type.String(), Type.Number())),
});
type Data = { since?: string; note?: string; order?: Record<string, number> };
const { readOnly, retriable } = stepsFor<Data, LabTx>();
const quick = { replyTimeoutMs: 20_000, attempts: 100, backoff: { initialMs: 50, maxMs: 50 } };

/** What TypeScript would not let pass, and a library or a cast does. */
const loosely = (value: unknown): Partial<Data> => value as Partial<Data>;

jest.setTimeout(60_000);

let lab: SagaLab;
beforeEach(async () => {
  lab = await createSagaLab('saved_is_used');
}, 60_000);
afterEach(() => lab.close(), 60_000);

it('gives the next steps the same data in one process and in two', async () => {
  const seen: string[] = [];
  const payload = (data: Data) => {
    seen.push(JSON.stringify([typeof data.since, Object.keys(data), Object.keys(data.order!)]));
    // A date says itself what it is as text, and text does not.
    return { since: typeof data.since === 'string' ? 'text' : 'a date' };
  };
  const saga = defineSaga({
    name: 'letter_saga',
    data: Data,
    steps: [
      readOnly({
        command: ask,
        payload: () => ({}),
        onReply: () => loosely({ since: new Date(0), order: { second: 2, first: 1 }, note: undefined }),
        ...quick,
      }),
      readOnly({ command: write, payload, ...quick }),
      retriable({ command: send, payload, ...quick }),
    ],
  });
  const written: unknown[] = [];
  const answer = async (_tx: unknown, { payload: got }: { payload: unknown }) => {
    written.push(got);
    return {};
  };
  const begin = async () => {
    const orchestrator = lab.orchestrator([saga]);
    await orchestrator.run();
    await waitFor('the process', () => orchestrator.isReady());
    return orchestrator;
  };
  await lab.participant(desk, { ask: async () => ({}) });
  const before = await begin();
  const broken = await lab.start(before, saga, { note: 'old' });
  await waitFor('the first reply', () => seen.length === 1);
  await before.stop();
  const after = await begin();
  await lab.participant(office, { write: answer, send: answer });
  await lab.untilStatus(broken, 'completed');
  const whole = await lab.start(after, saga, { note: 'old' });
  await lab.untilStatus(whole, 'completed');

  expect(new Set(seen)).toEqual(new Set([JSON.stringify(['string', ['order', 'since'], ['first', 'second']])]));
  expect(written).toEqual(Array(4).fill({ since: 'text' }));
  const dataOf = async (id: string) => (await after.stored(id))!.instance.data;
  expect(await dataOf(whole)).toEqual({ since: new Date(0).toISOString(), order: { first: 1, second: 2 } });
  expect(await dataOf(broken)).toEqual(await dataOf(whole));
});

it.each<[string, (data: Data) => unknown, string]>([
  ['breaks the schema', () => ({ note: 5 }), 'note: Expected string'],
  ['cannot be saved', () => ({ note: 5n }), 'BigInt'],
  ['refers to itself', () => ((ring) => Object.assign(ring, { note: ring }))({}), 'nested too deeply'],
  ['is no object', () => 'a text', 'an object of its members'],
  ['changes what others are given', (data) => Object.assign(data.order!, { first: 2 }), 'read only'],
])('ends in an error of its step what %s, from a reply and from a local step', async (_what, changes, reason) => {
  const local = {
    name: 'note_it',
    handle: async (tx: LabTx, { data }: { data: Data }) => {
      await sql`insert into written values (1)`.execute(tx);
      return loosely(changes(data));
    },
  };
  const saga = (name: string, ...steps: Parameters<typeof defineSaga<typeof Data, LabTx>>[0]['steps']) =>
    defineSaga({ name, data: Data, steps });
  const once = { attempts: 1 };
  const replied = saga(
    'replied_saga',
    readOnly({ command: ask, payload: () => ({}), onReply: (data) => loosely(changes(data)), ...once }),
  );
  const locally = saga('local_saga', readOnly({ command: ask, payload: () => ({}) }), retriable({ local, ...once }));
  const atStart = saga('start_saga', retriable({ local, ...once }));
  await sql`create table written (number integer)`.execute(lab.database);
  await lab.participant(desk, { ask: async () => ({}) });
  const orchestrator = lab.orchestrator([replied, locally, atStart]);
  await orchestrator.run();
  await waitFor('the process', () => orchestrator.isReady());
  const data = { order: { first: 1 } };
  const [one, other] = [await lab.start(orchestrator, replied, data), await lab.start(orchestrator, locally, data)];
  await lab.untilStatus(one, 'compensated');
  await lab.untilStatus(other, 'stuck');
  const failed = async (id: string) => (await orchestrator.stored(id))!.instance.lastError;
  expect(await failed(one)).toMatchObject({
    code: 'REPLY_NOT_APPLIED',
    message: expect.stringContaining(reason) as string,
  });
  expect(await failed(other)).toMatchObject({
    code: 'LOCAL_STEP_FAILED',
    message: expect.stringContaining(reason) as string,
  });
  await expect(lab.start(orchestrator, atStart, data)).rejects.toThrow(reason);
  expect((await sql`select from written`.execute(lab.database)).rows).toHaveLength(0);
  expect(data).toEqual({ order: { first: 1 } });
});

it('starts nothing with data that cannot be saved', async () => {
  const saga = defineSaga({
    name: 'letter_saga',
    data: Data,
    steps: [readOnly({ command: ask, payload: () => ({}) })],
  });
  const orchestrator = lab.orchestrator([saga]);
  for (const data of [{ note: 5n }, { note: 5 }, { since: { toJSON: () => JSON.parse('{') as unknown } }])
    await expect(lab.start(orchestrator, saga, loosely(data))).rejects.toMatchObject({ code: 'INVALID_SAGA_DATA' });
});
