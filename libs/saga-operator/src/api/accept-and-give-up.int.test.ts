/**
 * A participant that has done what it was told and answers what is of no use, on a real database and a real broker;
 * and the record of acts.
 */
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import type { HttpApp } from 'service-kit';
import { createOperatorApp } from '../../../../test/support/operator-app.js';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand, defineSaga, defineService, defineUndo, type Orchestrator, stepsFor } from 'saga-core';
import type { AuditPage, SagaDetail, UndoPreview } from '../index.js';

const Key = Type.Object({ order: Type.String() });
const Receipt = Type.Object({ receipt: Type.String() });
const pay = defineCommand({ task: 'bank.pay', description: 'Pays.', payload: Key, reply: Receipt, refusals: {} });
const refund = defineUndo({ task: 'bank.refund', description: 'Pays back.', undoes: pay, payload: Key });
const send = defineCommand({
  task: 'bank.send',
  description: 'Sends the receipt.',
  payload: Receipt,
  reply: Type.Object({}),
  refusals: {},
});
const bank = defineService({ name: 'bank', title: 'Bank', description: 'Money.', commands: { pay, refund, send } });
const Data = Type.Object({ order: Type.String(), receipt: Type.Optional(Type.String()) });
type Data = { order: string; receipt?: string };
const { pivot, retriable } = stepsFor<Data, LabTx>();
const saga = defineSaga({
  name: 'paying_saga',
  data: Data,
  steps: [
    pivot({
      command: pay,
      payload: ({ order }) => ({ order }),
      onReply: (_data, { receipt }) => {
        // What the participant answers satisfies its contract, and yet is of no use here.
        if (receipt === '') throw new Error('There is no receipt');
        return { receipt };
      },
      undo: { command: refund, payload: ({ order }) => ({ order }) },
    }),
    retriable({ command: send, payload: ({ receipt }) => ({ receipt: receipt! }) }),
  ],
});

const ann = { operator: 'ann', reason: 'the bank says that it is paid' };
const done: string[] = [];
let lab: SagaLab;
let orchestrator: Orchestrator<Record<string, never>>;
let app: HttpApp;
beforeAll(async () => {
  lab = await createSagaLab('useless_answers');
  orchestrator = lab.orchestrator([saga]);
  await orchestrator.run();
  await lab.participant(bank, {
    pay: async (_tx, { payload }) => (done.push(`pay ${payload.order}`), { receipt: '' }),
    refund: async (_tx, { payload }) => (done.push(`refund ${payload.order}`), {}),
    send: async (_tx, { payload }) => (done.push(`send ${payload.receipt}`), {}),
  });
  app = await createOperatorApp(lab, { orchestrator });
}, 60_000);
afterAll(async () => {
  await app.close();
  await lab.close();
}, 60_000);

const get = async <Body>(url: string) => (await app.inject(url)).json<Body>();
const post = async (url: string, payload: object) => {
  const response = await app.inject({ method: 'POST', url, payload });
  return { status: response.statusCode, body: response.json<SagaDetail & { code: string }>() };
};
const stuckPivot = async (order: string): Promise<SagaDetail> => {
  const id = await lab.start(orchestrator, saga, { order });
  await lab.untilStatus(id, 'stuck');
  return get<SagaDetail>(`/sagas/${id}`);
};
const actsOn = async (id: string) =>
  (await get<AuditPage>('/sagas/audit?limit=200')).items.filter(({ sagaId }) => sagaId === id);

test('its outcome is accepted with the answer that it should have given', async () => {
  const stuck = await stuckPivot('accepted');
  expect(stuck.allowed).toMatchObject({ retry: true, compensate: false, skip: false, accept: true, giveUp: true });
  expect(stuck.history.find(({ type }) => type === 'step_failed')).toMatchObject({ reply: { receipt: '' } });
  // Asked again, it gives the answer that it keeps.
  const again = await post(`/sagas/${stuck.id}/retry`, { ...ann, version: stuck.version });
  expect(again.status).toBe(200);
  await lab.untilStatus(stuck.id, 'stuck');
  const { version } = await get<SagaDetail>(`/sagas/${stuck.id}`);
  const url = `/sagas/${stuck.id}/accept`;
  for (const reply of [{}, { receipt: 7 }, { receipt: '' }]) {
    const { status, body } = await post(url, { ...ann, version, reply });
    expect([status, body.code]).toEqual([422, 'INVALID_PAYLOAD']);
  }
  const reply = { receipt: 'r-1' };
  expect((await post(url, { ...ann, version: stuck.version, reply })).body.code).toBe('SAGA_MOVED_ON');
  // In capitals it is the same saga.
  expect((await post(url.replace(stuck.id, stuck.id.toUpperCase()), { ...ann, version, reply })).status).toBe(200);
  await lab.untilStatus(stuck.id, 'completed');
  expect(done.filter((what) => /accepted|r-1/.test(what))).toEqual(['pay accepted', 'send r-1']);
  expect((await post(url, { ...ann, version, reply })).status).toBe(409);
  expect((await actsOn(stuck.id)).map(({ action, operator }) => [action, operator])).toEqual([
    ['accept', 'ann'],
    ['retry', 'ann'],
  ]);
}, 60_000);

test('it is given up: what it did is undone, after a look at it', async () => {
  const { id, version } = await stuckPivot('given up');
  const preview = await get<UndoPreview>(`/sagas/${id}/undo-preview?action=give-up`);
  expect([preview.allowed, preview.undos.map(({ undo }) => undo)]).toEqual([true, ['bank.refund']]);
  expect((await get<UndoPreview>(`/sagas/${id}/undo-preview`)).allowed).toBe(false);
  expect((await post(`/sagas/${id}/give-up`, { ...ann, version })).status).toBe(200);
  await lab.untilStatus(id, 'compensated');
  expect(done.filter((what) => what.endsWith('given up'))).toEqual(['pay given up', 'refund given up']);
  const { failure, history } = await get<SagaDetail>(`/sagas/${id}`);
  expect(failure).toMatchObject({ code: 'OPERATOR_COMPENSATED', message: ann.reason });
  expect(history.find(({ type }) => type === 'operator_gave_up')).toMatchObject({ by: 'ann', message: ann.reason });
}, 60_000);

test('an act that cannot be recorded is not done', async () => {
  const { id, version } = await stuckPivot('unrecorded');
  const acts = [
    [`/sagas/${id}/retry`, { version }],
    [`/sagas/${id}/accept`, { version, reply: { receipt: 'r-2' } }],
    [`/sagas/${id}/give-up`, { version }],
    ['/sagas/bulk-operations', { action: 'retry', filter: { status: 'stuck', saga: 'paying_saga' } }],
  ] as const;
  await sql`alter table saga_operator_act rename to saga_operator_act_away`.execute(lab.database);
  try {
    for (const [url, more] of acts) expect([url, (await post(url, { ...ann, ...more })).status]).toEqual([url, 500]);
  } finally {
    await sql`alter table saga_operator_act_away rename to saga_operator_act`.execute(lab.database);
  }
  const after = await get<SagaDetail>(`/sagas/${id}`);
  expect([after.status, after.version]).toEqual(['stuck', version]);
  expect(await get('/sagas/bulk-operations')).toEqual({ items: [] });
  const [url, more] = acts[0];
  for (const reason of ['nobody\u0000 will know', 'half a \ud800'])
    expect((await post(url, { ...ann, ...more, reason })).status).toBe(400);
  expect((await get<SagaDetail>(`/sagas/${id}`)).version).toBe(version);
  // Whoever calls the orchestrator itself is recorded in the history, in what PostgreSQL takes of it.
  await orchestrator.operate(id, { type: 'retry', by: 'ann\u0000', reason: 'x\u0000' });
  await waitFor('the act', async () =>
    (await get<SagaDetail>(`/sagas/${id}`)).history.some(
      ({ by, message }) => by === 'ann\ufffd' && message === 'x\ufffd',
    ),
  );
}, 60_000);

describe("the orchestrator's own methods", () => {
  it('refuse what is no UUID with an error of their own, and nobody else is harmed', async () => {
    const refused = { code: 'INVALID_SAGA_ID' };
    for (const id of ['abc', '', '\u0000', `${'0'.repeat(36)}`, undefined as unknown as string]) {
      await expect(orchestrator.find(id)).rejects.toMatchObject(refused);
      await expect(orchestrator.stored(id)).rejects.toMatchObject(refused);
      await expect(orchestrator.waitForEnd(id, 10)).rejects.toMatchObject(refused);
      await expect(orchestrator.operate(id, { type: 'retry', by: 'ann', reason: 'x' })).rejects.toMatchObject(refused);
      const start = lab.database
        .transaction()
        .execute((tx) => orchestrator.start(tx, saga, [{ id, data: { order: 'x' } }]));
      await expect(start).rejects.toMatchObject(refused);
    }
  });

  it('take an id in capitals for the same saga, which is waited for by another process', async () => {
    const { id } = await stuckPivot('capitals');
    const another = lab.orchestrator([saga]);
    expect((await another.find(id.toUpperCase()))?.id).toBe(id);
    expect(await another.waitForEnd(id.toUpperCase(), 30_000)).toBe('stuck');
    // Longer than a timer can be: it would go off at once.
    expect(await another.waitForEnd(id, 1e12)).toBe('stuck');
  });

  it('start a saga under its id in lower case, whose replies find it', async () => {
    const id = 'ABCDEF01-0000-7000-8000-0000000000AB';
    const started = await lab.database
      .transaction()
      .execute((tx) => orchestrator.start(tx, saga, [{ id, data: { order: 'capitals' } }]));
    await started.publish();
    await lab.untilStatus(id.toLowerCase(), 'stuck');
  });
});
