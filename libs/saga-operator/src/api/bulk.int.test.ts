/**
 * Bulk retries, on a real database and a real broker: counted, slow enough, paused, and carried on by another
 * process.
 */
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import type { HttpApp } from 'service-kit';
import { createOperatorApp } from '../../../../test/support/operator-app.js';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand, defineSaga, defineService, type Orchestrator, stepsFor } from 'saga-core';
import { bulkReason } from './bulk-item-runner.js';
import type { AuditPage, BulkOperation } from '../index.js';

const Data = Type.Object({ orderId: Type.String(), group: Type.String() });
type Data = { orderId: string; group: string };
const send = defineCommand({
  task: 'depot.send',
  description: 'Sends.',
  payload: Data,
  reply: Type.Object({}),
  refusals: {},
});
const depot = defineService({ name: 'depot', title: 'Depot', description: 'Parcels.', commands: { send } });
const { retriable } = stepsFor<Data, LabTx>();
const sagaOf = (name: string) =>
  defineSaga({
    name,
    data: Data,
    steps: [retriable({ command: send, payload: (data) => data, attempts: 1 })],
  });
const sagas = {
  slow: sagaOf('slow_saga'),
  paused: sagaOf('paused_saga'),
  taken: sagaOf('taken_saga'),
  mixed: sagaOf('mixed_saga'),
  crawling: sagaOf('crawling_saga'),
  quick: sagaOf('quick_saga'),
  held: sagaOf('held_saga'),
  known: sagaOf('known_saga'),
  foreign: sagaOf('foreign_saga'),
};

const ann = { operator: 'ann', reason: 'the depot is open' };
const open = new Set<string>();
let lab: SagaLab;
let orchestrator: Orchestrator<Record<string, never>>;
let app: HttpApp;

const startApp = (runner = orchestrator): Promise<HttpApp> => createOperatorApp(lab, { orchestrator: runner });

beforeAll(async () => {
  lab = await createSagaLab('bulk');
  orchestrator = lab.orchestrator(Object.values(sagas));
  await orchestrator.run();
  await waitFor('the orchestrator', () => orchestrator.isReady(), 30_000);
  await lab.participant(depot, {
    send: async (_tx, { payload }) => {
      const isHeavy = payload.group === 'mixed' && Number(payload.orderId) % 2 === 1;
      if (!open.has(payload.group))
        throw new Error(isHeavy ? `Parcel ${payload.orderId} is too heavy` : 'The depot is closed');
      return {};
    },
  });
  app = await startApp();
}, 60_000);
afterAll(async () => {
  await app.close();
  await lab.close();
}, 60_000);

async function stuckSagas(group: keyof typeof sagas, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < count; number++)
    ids.push(await lab.start(orchestrator, sagas[group], { orderId: String(number), group }));
  await Promise.all(ids.map((id) => lab.untilStatus(id, 'stuck')));
  return ids;
}
const post = async <Body = BulkOperation>(path: string, body: object) => {
  const answer = await app.inject({ method: 'POST', url: `/sagas/bulk-operations${path}`, payload: body });
  return { status: answer.statusCode, body: answer.json<Body>() };
};
const bulkOf = (group: string, more: object = {}) => ({
  ...ann,
  action: 'retry',
  filter: { status: 'stuck', saga: `${group}_saga` },
  ...more,
});
const see = async (id: string) => (await app.inject(`/sagas/bulk-operations/${id}`)).json<BulkOperation>();
const untilOver = (id: string) =>
  waitFor('the operation to be over', async () => (await see(id)).status === 'completed', 60_000);
const retriesOf = async (id: string) => {
  const { history } = (await orchestrator.stored(id))!;
  return history.flatMap((row) => row.entries).filter(({ type }) => type === 'operator_retried').length;
};

it('tells what it would match, and then retries each once, no faster than it may', async () => {
  const ids = await stuckSagas('slow', 8);
  const dry = await post<{ matches: number; sample: { id: string }[] }>('', bulkOf('slow', { dryRun: true }));
  expect([dry.status, dry.body.matches, dry.body.sample.map(({ id }) => id).sort()]).toEqual([200, 8, ids]);
  expect((await post('', bulkOf('slow', { filter: { status: 'running' } }))).status).toBe(400);
  open.add('slow');
  const began = await post('', bulkOf('slow', { perSecond: 4 }));
  expect([began.status, began.body]).toEqual([
    202,
    expect.objectContaining({ status: 'running', matched: 8, done: 0 }),
  ]);
  const again = await post<{ code: string }>('', bulkOf('slow', { perSecond: 9 }));
  expect([again.status, again.body.code]).toEqual([409, 'BULK_OPERATION_RUNNING']);
  await untilOver(began.body.id);
  const { done, failed, createdAt, endedAt } = await see(began.body.id);
  expect([done, failed]).toEqual([8, 0]);
  // Seven pauses of a quarter of a second lie between eight sagas.
  expect(Date.parse(endedAt!) - Date.parse(createdAt)).toBeGreaterThanOrEqual(1_700);
  await Promise.all(ids.map((id) => lab.untilStatus(id, 'completed')));
  expect(await Promise.all(ids.map(retriesOf))).toEqual(ids.map(() => 1));
  const acts = (await app.inject('/sagas/audit')).json<AuditPage>().items;
  expect(acts.find(({ action }) => action === 'bulk-retry')).toMatchObject({
    operator: 'ann',
    details: { matched: 8 },
  });
}, 120_000);

it('pauses, says what could not be done, and knows its own retries again', async () => {
  const ids = await stuckSagas('paused', 6);
  open.add('paused');
  const { body } = await post('', bulkOf('paused', { perSecond: 1 }));
  const { status } = (await post(`/${body.id}/pause`, ann)).body;
  expect(status).toBe('paused');
  // Of those that are left, one has been retried by this operation just before its process died, and one by somebody
  // else.
  const left = await waitFor('the batch in hand to end', async () => {
    const stuck: string[] = [];
    for (const id of ids) if ((await retriesOf(id)) === 0) stuck.push(id);
    return stuck.length === ids.length - (await see(body.id)).done && stuck;
  });
  expect(left.length).toBeGreaterThanOrEqual(2);
  const reason = bulkReason({ id: body.id, reason: ann.reason });
  await orchestrator.operate(left.at(-1)!, { type: 'retry', by: 'ann', reason });
  await orchestrator.operate(left.at(-2)!, { type: 'retry', by: 'bob', reason: 'me too' });
  expect((await see(body.id)).status).toBe('paused');
  expect((await post(`/${body.id}/resume`, ann)).body.status).toBe('running');
  await untilOver(body.id);
  const over = await see(body.id);
  expect([over.done, over.failed]).toEqual([5, 1]);
  expect(over.failures).toEqual([{ sagaId: left.at(-2), message: expect.stringContaining('look at it again') }]);
  expect(await Promise.all(ids.map(retriesOf))).toEqual(ids.map(() => 1));
  const late = await post<{ code: string }>(`/${body.id}/pause`, ann);
  expect([late.status, late.body.code]).toEqual([409, 'ACTION_NOT_ALLOWED']);
}, 120_000);

it('goes on in another process when its own stops', async () => {
  const ids = await stuckSagas('taken', 6);
  open.add('taken');
  const { body } = await post('', bulkOf('taken', { perSecond: 2 }));
  await waitFor('the first', async () => (await see(body.id)).done > 0, 30_000);
  await app.close();
  app = await startApp();
  expect((await see(body.id)).status).toBe('running');
  await untilOver(body.id);
  expect(await see(body.id)).toMatchObject({ done: 6, failed: 0 });
  expect(await Promise.all(ids.map(retriesOf))).toEqual(ids.map(() => 1));
}, 120_000);

it('retries those alone whose message is alike, and takes a message that is alike for the same', async () => {
  const ids = await stuckSagas('mixed', 6);
  open.add('mixed');
  const bulkSaying = (message: string) =>
    bulkOf('mixed', { perSecond: 1, filter: { status: 'stuck', saga: 'mixed_saga', message } });
  const heavy = (await post('', bulkSaying('Parcel 7 is too heavy'))).body;
  expect([heavy.matched, heavy.filter.message]).toEqual([3, 'Parcel … is too heavy']);
  expect((await post(`/${heavy.id}/pause`, ann)).body.status).toBe('paused');
  const again = await post<{ code: string }>('', bulkSaying('Parcel … is too heavy'));
  expect([again.status, again.body.code]).toEqual([409, 'BULK_OPERATION_RUNNING']);
  const closed = await post('', bulkSaying('The depot is closed'));
  expect([closed.status, closed.body.matched]).toEqual([202, 3]);
  await untilOver(closed.body.id);
  await post(`/${heavy.id}/resume`, ann);
  await untilOver(heavy.id);
  // None was retried by the other: it would have moved on, and failed.
  for (const { id } of [heavy, closed.body]) expect(await see(id)).toMatchObject({ done: 3, failed: 0 });
  expect(await Promise.all(ids.map(retriesOf))).toEqual(ids.map(() => 1));
}, 120_000);

it('works on several side by side, each at its own pace', async () => {
  const [, quick] = [await stuckSagas('crawling', 20), await stuckSagas('quick', 12)];
  for (const group of ['crawling', 'quick']) open.add(group);
  const crawling = (await post('', bulkOf('crawling', { perSecond: 1 }))).body;
  const { body } = await post('', bulkOf('quick', { perSecond: 1_000 }));
  await untilOver(body.id);
  expect(await see(body.id)).toMatchObject({ done: quick.length, failed: 0 });
  expect((await see(crawling.id)).status).toBe('running');
  await post(`/${crawling.id}/pause`, ann);
}, 120_000);

it('goes on beside a saga that waits for somebody else, and does it when that is over', async () => {
  const ids = await stuckSagas('held', 5);
  open.add('held');
  let release = (): void => undefined;
  const holding = new Promise<void>((resolve) => (release = resolve));
  let isHeld = false;
  const held = lab.database.transaction().execute(async (tx) => {
    await sql`select from saga_instance where saga_id = ${ids[0]} for update`.execute(tx);
    isHeld = true;
    await holding;
  });
  await waitFor('the lock', () => isHeld);
  const { body } = await post('', bulkOf('held', { perSecond: 1_000 }));
  await waitFor('the others', async () => (await see(body.id)).done === 4, 30_000);
  expect(await see(body.id)).toMatchObject({ status: 'running', failed: 0 });
  release();
  await held;
  await untilOver(body.id);
  expect(await see(body.id)).toMatchObject({ done: 5, failed: 0 });
  expect(await Promise.all(ids.map(retriesOf))).toEqual(ids.map(() => 1));
}, 120_000);

it('leaves sagas of a definition that its process does not know to one that does', async () => {
  const [known, foreign] = [await stuckSagas('known', 3), await stuckSagas('foreign', 3)];
  for (const group of ['known', 'foreign']) open.add(group);
  await app.close();
  // Ready as a process is that knows but one of them.
  const ignorant = await startApp({ ...lab.orchestrator([sagas.known]), isReady: () => true });
  app = ignorant;
  const since = { ...bulkOf('known'), filter: { status: 'stuck', step: 'depot.send', code: 'HANDLER_FAILED' } };
  const { body } = await post('', { ...since, perSecond: 1_000 });
  expect(body.matched).toBeGreaterThanOrEqual(6);
  await waitFor('those that it knows', async () => (await see(body.id)).done === known.length, 30_000);
  expect(await see(body.id)).toMatchObject({ status: 'running', failed: 0 });
  await ignorant.close();
  app = await startApp();
  await untilOver(body.id);
  expect((await see(body.id)).failures).toEqual([]);
  expect(await Promise.all([...known, ...foreign].map(retriesOf))).toEqual(Array.from({ length: 6 }, () => 1));
}, 120_000);
