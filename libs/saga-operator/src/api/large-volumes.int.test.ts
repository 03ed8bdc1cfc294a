/** Much of everything: changes at once, replies that are of no use, exports; on a real database and a real broker. */
import { Type } from '@sinclair/typebox';
import { connect } from 'amqplib';
import { sql } from 'kysely';
import type { HttpApp } from 'service-kit';
import { createOperatorApp } from '../../../../test/support/operator-app.js';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { CONSTANTS, defineCommand, defineSaga, defineService, type Orchestrator, stepsFor } from 'saga-core';
import { readEvents } from '../event-stream.js';
import type { HistoryPage, SagaDetail, SagaPage, SagaSummary } from '../index.js';

const Key = Type.Object({ order: Type.String() });
const send = defineCommand({
  task: 'depot.send',
  description: 'Sends.',
  payload: Key,
  reply: Type.Object({}),
  refusals: {},
});
const depot = defineService({ name: 'depot', title: 'Depot', description: 'Parcels.', commands: { send } });
const { retriable } = stepsFor<{ order: string }, LabTx>();
const saga = defineSaga({
  name: 'parcel_saga',
  data: Key,
  steps: [retriable({ command: send, payload: ({ order }) => ({ order }) })],
});
const MANY = 3_000;

let lab: SagaLab;
let orchestrator: Orchestrator<Record<string, never>>;
let app: HttpApp;
let url: string;
let ended: string;
beforeAll(async () => {
  lab = await createSagaLab('growth');
  orchestrator = lab.orchestrator([saga]);
  await orchestrator.run();
  await lab.participant(depot, { send: async () => ({}) });
  app = await createOperatorApp(lab, { orchestrator });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  ended = await lab.start(orchestrator, saga, { order: 'first' });
  await lab.untilStatus(ended, 'completed');
  // Many like it, that wait for something and are nobody's to wake.
  await sql`
    insert into saga_instance (saga_id, saga_name, definition_version, status, version, sequence, step, awaited, deadline, wake_at, data, actions,
      failure, last_error, traceparent, created_at, updated_at, ended_at)
    select gen_random_uuid(), 'other_saga', 1, 'running', 1, 1, 'depot.send', null, 'infinity', 'infinity', data, actions, null, null, null, now(), now(), null
    from saga_instance, generate_series(1, ${MANY}) where saga_id = ${ended}`.execute(lab.database);
}, 90_000);
afterAll(async () => {
  await app.close();
  await lab.close();
}, 60_000);

const get = async <Body>(path: string) => (await app.inject(path)).json<Body>();

/** Listens to all changes. */
function listening() {
  const seen = { ids: new Set<string>(), missed: 0, stop: new AbortController() };
  const reading = (async () => {
    const response = await fetch(`${url}/sagas/events`, { signal: seen.stop.signal });
    for await (const saga of readEvents<SagaSummary>(response.body!)) {
      if (saga === null) seen.missed++;
      else seen.ids.add(saga.id);
    }
  })().catch(() => undefined);
  return { ...seen, reading, seen };
}

test('of thousands of sagas that change at once a listener hears of each, or that some were left out', async () => {
  const { seen, reading } = listening();
  // What was there before is no news: it must have looked once.
  await waitFor('the first event', async () => {
    await lab.start(orchestrator, saga, { order: 'to be heard of' });
    return seen.ids.size > 0;
  });
  seen.ids.clear();
  await sql`update saga_instance set version = version + 1, updated_at = clock_timestamp() where saga_name = 'other_saga'`.execute(
    lab.database,
  );
  await waitFor('all, or a mark', () => seen.ids.size >= MANY || seen.missed > 0, 30_000);
  expect(seen.missed).toBe(0);
  // More than one look tells of.
  await sql`
    insert into saga_instance select gen_random_uuid(), 'more_saga', definition_version, status, version, sequence, step, awaited, deadline, wake_at, data,
      actions, failure, last_error, traceparent, now(), clock_timestamp(), null
    from saga_instance, generate_series(1, 3) where saga_name = 'other_saga'`.execute(lab.database);
  await waitFor('a mark', () => seen.missed > 0, 30_000);
  seen.stop.abort();
  await reading;
  await sql`delete from saga_instance where saga_name = 'more_saga'`.execute(lab.database);
}, 120_000);

test('there is one export at a time; the others are told so, and may come again', async () => {
  const lines = async () => {
    const answer = await app.inject('/sagas/export');
    return answer.statusCode === 200 ? answer.body.trim().split('\n').length : answer.json<{ code: string }>().code;
  };
  const all = await Promise.all(Array.from({ length: 6 }, lines));
  expect(all.filter((each) => each === 'EXPORT_RUNNING')).toHaveLength(5);
  const [whole] = all.filter((each) => typeof each === 'number');
  expect(whole).toBeGreaterThan(MANY);
  expect(typeof (await lines())).toBe('number');
  // One that is given up is over.
  const stopping = new AbortController();
  const response = await fetch(`${url}/sagas/export`, { signal: stopping.signal });
  expect(response.status).toBe(200);
  stopping.abort();
  await waitFor('another export', async () => typeof (await lines()) === 'number', 20_000);
}, 120_000);

test('a saga to which thousands of useless replies come keeps a history that can be read', async () => {
  const connection = await connect(lab.broker.amqpUrl);
  const channel = await connection.createConfirmChannel();
  const before = await get<SagaDetail>(`/sagas/${ended}`);
  const body = Buffer.from(JSON.stringify({ kind: 'error', code: 'X', message: 'x'.repeat(1_500) }));
  const correlationId = before.history.find(({ type }) => type === 'command_sent')!.commandId!;
  for (let sent = 0; sent < 20_000; sent++)
    channel.publish('parcel_saga.responses', 'depot.send.response.failure', body, { correlationId });
  await channel.waitForConfirms();
  await waitFor(
    'the replies to be taken',
    async () => (await channel.checkQueue('parcel_saga.responses')).messageCount === 0,
    60_000,
  );
  await connection.close();
  const text = (await app.inject(`/sagas/${ended}`)).body;
  expect(text.length).toBeLessThan(300_000);
  const { history, earlier, version, notesIgnored } = JSON.parse(text) as SagaDetail;
  expect(history.at(-1)).toMatchObject({ type: 'reply_ignored' });
  expect(version).toBeLessThanOrEqual(CONSTANTS.maxInputsWithIgnored);
  expect(notesIgnored).toBe(version < CONSTANTS.maxInputsWithIgnored);
  // The rest is to be had, page by page, to the first entry.
  const pages: HistoryPage['items'] = [];
  for (let next: number | null = history[0]!.number; next !== null && earlier > 0;) {
    const page: HistoryPage = await get(`/sagas/${ended}/history?before=${next}&limit=200`);
    pages.unshift(...page.items);
    next = page.nextBefore;
  }
  expect(pages).toHaveLength(earlier);
  expect([...pages, ...history][0]).toMatchObject({ type: 'started' });
  // It goes on for others.
  const other = await lab.start(orchestrator, saga, { order: 'other' });
  await lab.untilStatus(other, 'completed');
}, 180_000);

test('what others wrote is shortened in lists, and says so', async () => {
  const id = await lab.start(orchestrator, saga, { order: 'o'.repeat(100_000) });
  await lab.untilStatus(id, 'completed');
  const [listed] = (await get<SagaPage>(`/sagas?q=${id}`)).items;
  expect(JSON.stringify(listed).length).toBeLessThan(2_000);
  expect((listed!.data as { order: string }).order).toMatch(/…$/);
  const { history } = await get<SagaDetail>(`/sagas/${id}`);
  const sent = history.find(({ type }) => type === 'command_sent')!;
  expect(sent).toMatchObject({ shortened: true });
  const { items } = await get<HistoryPage>(`/sagas/${id}/history`);
  expect(items.find(({ type }) => type === 'command_sent')?.payload).toEqual({ order: 'o'.repeat(100_000) });
});
