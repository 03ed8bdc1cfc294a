/** See and steer sagas over HTTP, on a real database and a real broker. */
import { Type } from '@sinclair/typebox';
import { createHttpApp, createLogger, type HttpApp } from 'service-kit';
import { createOperatorApp } from '../../../../test/support/operator-app.js';
import { OPERATOR_TOKEN } from '../../../../test/support/operator-token.js';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand, defineSaga, defineService, defineUndo, type Orchestrator, refuse, stepsFor } from 'saga-core';
import { operatorConsole, type SagaDetail, type SagaPage, type Summary } from '../index.js';
import type { FailureGroup } from './schemas/index.js';

const Key = Type.Object({ orderId: Type.String() });
const pack = defineCommand({
  task: 'depot.pack',
  description: 'Packs.',
  payload: Key,
  reply: Type.Object({}),
  refusals: { NO_BOX: 'No box.' },
});
const unpack = defineUndo({ task: 'depot.unpack', description: 'Unpacks.', undoes: pack, payload: Key });
const send = defineCommand({
  task: 'depot.send',
  description: 'Sends.',
  payload: Key,
  reply: Type.Object({}),
  refusals: {},
});
const depot = defineService({
  name: 'depot',
  title: 'Depot',
  description: 'Parcels.',
  commands: { pack, unpack, send },
});
const Data = Type.Object({ orderId: Type.String() });
const { compensatable, retriable } = stepsFor<{ orderId: string }, LabTx>();
const parcelSaga = defineSaga({
  name: 'parcel_saga',
  data: Data,
  steps: [
    compensatable({
      command: pack,
      payload: ({ orderId }) => ({ orderId }),
      undo: { command: unpack, payload: ({ orderId }) => ({ orderId }) },
    }),
    retriable({ command: send, payload: ({ orderId }) => ({ orderId }), attempts: 1 }),
  ],
});

const ann = { operator: 'ann', reason: 'the depot is open' };
let lab: SagaLab;
let orchestrator: Orchestrator<Record<string, never>>;
let app: HttpApp;
let open = false;
const sent: string[] = [];

beforeAll(async () => {
  lab = await createSagaLab('operator_console');
  orchestrator = lab.orchestrator([parcelSaga]);
  await orchestrator.run();
  await lab.participant(depot, {
    pack: async (_tx, { payload }) => (payload.orderId === 'no box' ? refuse('NO_BOX', 'No box for 7 things') : {}),
    unpack: async () => ({}),
    send: async (_tx, { payload }) => {
      if (!open) throw new Error(`The depot is closed for ${Date.now()} ms`);
      sent.push(payload.orderId);
      return {};
    },
  });
  app = await createOperatorApp(lab, { orchestrator, allowEdit: true });
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
const stuckSaga = async (orderId: string): Promise<SagaDetail> => {
  open = false;
  const id = await lab.start(orchestrator, parcelSaga, { orderId });
  await lab.untilStatus(id, 'stuck');
  return get<SagaDetail>(`/sagas/${id}`);
};

it('shows where each step of a stuck saga stands, and what can be done', async () => {
  const saga = await stuckSaga('shown');
  expect(saga.steps.map(({ name, state }) => [name, state])).toEqual([
    ['depot.pack', 'done'],
    ['depot.send', 'current'],
  ]);
  expect(saga.allowed).toEqual({
    retry: true,
    compensate: false,
    skip: true,
    edit: true,
    accept: true,
    giveUp: false,
  });
  const { allowed, reason } = await get<{ allowed: boolean; reason: string }>(`/sagas/${saga.id}/undo-preview`);
  expect([allowed, reason]).toEqual([false, expect.stringContaining('past the point')]);
});

it('lists, filters, finds by data, counts and groups', async () => {
  const saga = await stuckSaga('listed');
  const ids = async (query: string) => (await get<SagaPage>(`/sagas?${query}`)).items.map(({ id }) => id);
  expect(await ids('status=stuck&step=depot.send')).toContain(saga.id);
  expect(await ids(`q=${saga.id}`)).toEqual([saga.id]);
  expect(await ids('q=data.orderId:listed')).toEqual([saga.id]);
  expect(await ids('status=stuck&minAgeSeconds=3600')).toEqual([]);
  const summary = await get<Summary>('/sagas/summary');
  expect(summary.stuck).toBeGreaterThan(0);
  const failures = `/sagas/failures?saga=parcel_saga`;
  const { groups } = await get<{ groups: FailureGroup[] }>(failures);
  const group = groups.find(({ message }) => message === 'The depot is closed for … ms');
  expect(group?.stuckCount).toBe(summary.stuck);
  expect(group?.trend.at(-1)?.count).toBe(summary.stuck);
  const [listed] = (await get<SagaPage>(`/sagas?q=${saga.id}`)).items;
  expect(group?.lastSeen).toBe(listed?.lastError?.at);
});

it.each(['newest', 'stalest', 'attempts'])('pages through all by %s, each once', async (sort) => {
  for (const name of ['a', 'b', 'c']) await stuckSaga(name);
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: SagaPage = await get<SagaPage>(
      `/sagas?status=stuck&sort=${sort}&limit=2${cursor && `&cursor=${cursor}`}`,
    );
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  const { items } = await get<SagaPage>('/sagas?status=stuck&limit=200');
  expect([...seen].sort()).toEqual(items.map(({ id }) => id).sort());
  expect(new Set(seen).size).toBe(seen.length);
  const answer = await app.inject('/sagas?sort=stalest&cursor=abc');
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'INVALID_REQUEST']);
});

it('exports as lines of JSON, and as CSV that no spreadsheet takes for formulas', async () => {
  await stuckSaga('exported');
  const lines = (await app.inject('/sagas/export?status=stuck')).body.trim().split('\n');
  expect(lines.length).toBe((await get<SagaPage>('/sagas?status=stuck&limit=200')).items.length);
  const csv = (await app.inject('/sagas/export?status=stuck&format=csv')).body;
  expect(csv).toMatch(/^id,saga,/);
  expect(csv).toContain('""orderId"":""exported""');
});

it('lets one of two operators win, who acts once, and records who, why, before and after', async () => {
  const saga = await stuckSaga('raced');
  open = true;
  const both = await Promise.all(
    [ann, { ...ann, operator: 'bob' }].map((who) => post(`/sagas/${saga.id}/retry`, { ...who, version: saga.version })),
  );
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(both.find(({ status }) => status === 409)?.body.code).toBe('SAGA_MOVED_ON');
  await lab.untilStatus(saga.id, 'completed');
  expect(sent.filter((orderId) => orderId === 'raced')).toHaveLength(1);
  const { history } = await get<SagaDetail>(`/sagas/${saga.id}`);
  const acts = history.filter(({ type }) => type === 'operator_retried');
  expect(acts).toHaveLength(1);
  expect(acts[0]).toMatchObject({
    message: ann.reason,
    before: { status: 'stuck', state: 'parked' },
    after: { status: 'running', state: 'sent' },
  });
  expect((await post(`/sagas/${saga.id}/retry`, { ...ann, version: saga.version })).status).toBe(409);
});

it('skips a step with a reason, and says so in the steps', async () => {
  const saga = await stuckSaga('skipped');
  const { status, body } = await post(`/sagas/${saga.id}/skip`, { ...ann, version: saga.version });
  expect([status, body.status, body.steps[1]?.state]).toEqual([200, 'completed', 'skipped']);
});

it('edits a parked command within its schema, under the same identity', async () => {
  const saga = await stuckSaga('wrong');
  const wrong = await post(`/sagas/${saga.id}/edit`, { ...ann, version: saga.version, payload: { orderId: 7 } });
  expect([wrong.status, wrong.body.code]).toEqual([422, 'INVALID_PAYLOAD']);
  open = true;
  const edited = await post(`/sagas/${saga.id}/edit`, { ...ann, version: saga.version, payload: { orderId: 'right' } });
  expect(edited.status).toBe(200);
  await lab.untilStatus(saga.id, 'completed');
  expect(sent).toContain('right');
  expect(sent).not.toContain('wrong');
  const act = (await get<SagaDetail>(`/sagas/${saga.id}`)).history.find(({ type }) => type === 'operator_edited');
  expect(act).toMatchObject({
    before: { payload: { orderId: 'wrong' } },
    after: { payload: { orderId: 'right' } },
    commandId: saga.awaited?.commandId,
  });
});

it('tells of changes as they happen', async () => {
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const ending = new AbortController();
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
  const response = await fetch(`${url}/sagas/events?saga=parcel_saga`, { headers, signal: ending.signal });
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body!) text += new TextDecoder().decode(chunk as Uint8Array);
  })().catch(() => undefined);
  const first = await stuckSaga('watched');
  await waitFor('the event', () => text.includes(`id: ${first.id}:${first.version}`), 30_000);
  ending.abort();
  await reading;
});

describe('access', () => {
  it('needs the token, wherever a client is; where none is set it is closed to all', async () => {
    const statuses = async (token: string | null, headers: Record<string, string>[]) => {
      const guarded = createHttpApp(await createLogger('guarded', 'silent'));
      await guarded.register(operatorConsole, { orchestrator, database: lab.database, token });
      const answers = await Promise.all(headers.map((each) => guarded.inject({ url: '/sagas', headers: each })));
      const page = await guarded.inject('/console.json');
      await guarded.close();
      expect(page.statusCode).toBe(200);
      return answers.map((answer) => [answer.statusCode, answer.json<{ code?: string }>().code]);
    };
    const right = { authorization: 'Bearer a long enough token' };
    const given = [{}, { authorization: 'Bearer another token' }, right];
    expect(await statuses('a long enough token', given)).toEqual([
      [401, 'UNAUTHORIZED'],
      [401, 'UNAUTHORIZED'],
      [200, undefined],
    ]);
    // A request of this machine, as inject makes it, may have come through a proxy that says nothing of it.
    expect(await statuses(null, given)).toEqual(given.map(() => [403, 'FORBIDDEN']));
  });
});
