/** Dead letters on a real broker: seen, sent again, thrown away, and never lost. */
import { isDeepStrictEqual } from 'node:util';
import { Type } from '@sinclair/typebox';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { sql } from 'kysely';
import { createLogger, type HttpApp } from 'service-kit';
import { createOperatorApp } from '../../../../test/support/operator-app.js';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { uuidOf } from '../../../../test/support/uuid.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { connectTransport, defineCommand, defineSaga, defineService, type SagaError, stepsFor } from 'saga-core';
import type { AuditPage, DeadLetter } from '../index.js';

const Key = Type.Object({ orderId: Type.String() });
const send = defineCommand({
  task: 'depot.send',
  description: 'Sends.',
  payload: Key,
  reply: Type.Object({}),
  refusals: {},
});
const depot = defineService({ name: 'depot', title: 'Depot', description: 'Parcels.', commands: { send } });
const { retriable } = stepsFor<{ orderId: string }, LabTx>();
const saga = defineSaga({
  name: 'parcel_saga',
  data: Key,
  steps: [retriable({ command: send, payload: ({ orderId }) => ({ orderId }) })],
});

const QUEUE = 'depot.commands';
const ann = { operator: 'ann', reason: 'corrected' };
let lab: SagaLab;
let app: HttpApp;
let connection: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  lab = await createSagaLab('dead_letters');
  const orchestrator = lab.orchestrator([saga]);
  await orchestrator.run();
  await lab.participant(depot, { send: async () => ({}) });
  app = await createOperatorApp(lab, { orchestrator, deadLetters: lab.transport.deadLetters });
  connection = await connect(lab.broker.amqpUrl);
  channel = await connection.createConfirmChannel();
}, 60_000);
afterAll(async () => {
  await connection.close();
  await app.close();
  await lab.close();
}, 60_000);

/** Lays a letter of a command that was never a command of a saga. */
async function lay(body: string, headers: Record<string, unknown> = {}): Promise<void> {
  channel.publish('saga.dead', QUEUE, Buffer.from(body), {
    persistent: true,
    correlationId: `${uuidOf(Date.now())}:1`,
    replyTo: 'parcel_saga.responses',
    headers: {
      'x-cause': 'UNKNOWN_TASK',
      'x-original-exchange': 'saga.commands',
      'x-original-routing-key': 'depot.unknown',
      ...headers,
    },
  });
  await channel.waitForConfirms();
}
const letters = async (): Promise<DeadLetter[]> =>
  (await app.inject(`/dead-letters/${QUEUE}`)).json<{ items: DeadLetter[] }>().items;
const until = (count: number) => waitFor(`${count} letters`, async () => (await letters()).length === count, 30_000);
const act = async (type: string, body: object, queue = QUEUE) => {
  const answer = await app.inject({
    method: 'POST',
    url: `/dead-letters/${queue}/${type}`,
    payload: { ...ann, ...body },
  });
  return { status: answer.statusCode, body: answer.json<{ done: number; kept: number; code: string }>() };
};
afterEach(async () => {
  await act('discard', {});
  await until(0);
}, 60_000);

it('shows what lies there, and leaves it there in its order', async () => {
  for (const body of ['a', 'b', 'c']) await lay(body);
  await until(3);
  for (let look = 0; look < 3; look++) expect((await letters()).map(({ body }) => body)).toEqual(['a', 'b', 'c']);
  expect((await letters())[0]).toMatchObject({ cause: 'UNKNOWN_TASK', routingKey: 'depot.unknown', replayable: true });
  // The broker counts what was given back a little later.
  const counted = [
    { queue: QUEUE, count: 3, consumers: 1 },
    { queue: 'parcel_saga.responses', count: 0, consumers: 1 },
  ];
  const counts = async () => (await app.inject('/dead-letters')).json<{ items: object[] }>().items;
  await waitFor('the counts', async () => isDeepStrictEqual(await counts(), counted), 30_000);
  expect((await act('replay', {}, 'other.commands')).status).toBe(404);
});

it('throws away the one that is meant', async () => {
  for (const body of ['a', 'b', 'c']) await lay(body);
  await until(3);
  const { id } = (await letters())[1]!;
  expect((await act('discard', { id })).body).toEqual({ done: 1, kept: 0 });
  // What was given back may come last.
  expect((await letters()).map(({ body }) => body).sort()).toEqual(['a', 'c']);
  const again = await act('discard', { id });
  expect([again.status, again.body.code]).toEqual([404, 'NOT_FOUND']);
  const acts = (await app.inject('/sagas/audit')).json<AuditPage>().items;
  expect(acts[0]).toMatchObject({ operator: 'ann', action: 'discard-dead-letters', details: { letters: [{ id }] } });
});

it('is recorded before it is done: what cannot be recorded is not done', async () => {
  await lay('kept', { 'x-long': 'x'.repeat(20_000) });
  await until(1);
  expect(String((await letters())[0]!.headers['x-long'])).toMatch(/^x{499}…$/);
  await sql`alter table saga_operator_act rename to saga_operator_act_away`.execute(lab.database);
  try {
    for (const type of ['replay', 'discard']) expect((await act(type, {})).status).toBe(500);
  } finally {
    await sql`alter table saga_operator_act_away rename to saga_operator_act`.execute(lab.database);
  }
  expect((await act('discard', { reason: 'nobody\u0000 will know' })).status).toBe(400);
  expect(await letters()).toHaveLength(1);
  // An act that finds nothing is none.
  const before = (await app.inject('/sagas/audit')).json<AuditPage>().items;
  expect((await act('discard', { id: 'another' })).status).toBe(404);
  expect((await app.inject('/sagas/audit')).json<AuditPage>().items).toEqual(before);
});

it('sends a letter again to where it belongs, once what it lacks is there', async () => {
  await lay(JSON.stringify({ orderId: 'replayed' }), { 'x-original-routing-key': 'depot.send' });
  await until(1);
  const replies: string[] = [];
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, 'parcel_saga.responses', '#');
  await channel.consume(queue, (reply) => void replies.push(reply!.fields.routingKey), { noAck: true });
  expect((await act('replay', {})).body).toEqual({ done: 1, kept: 0 });
  await waitFor('the reply', () => replies.length === 1, 30_000);
  expect(replies).toEqual(['depot.send.response.success']);
  await until(0);
});

it('sends each once, though they come back while it does', async () => {
  // Nobody knows the task: each lies there again, one life later.
  for (const body of ['{"a":1}', '{"b":1}']) await lay(body);
  await until(2);
  expect((await act('replay', {})).body).toEqual({ done: 2, kept: 0 });
  await until(2);
  const back = await letters();
  expect(back.map(({ cause }) => cause)).toEqual(['UNKNOWN_TASK', 'UNKNOWN_TASK']);
});

it('keeps what does not say where it belongs, and what no queue takes', async () => {
  await lay('a', { 'x-original-exchange': 'amq.topic' });
  await lay('b');
  await until(2);
  await channel.unbindQueue(QUEUE, 'saga.commands', 'depot.*');
  try {
    expect((await act('replay', {})).body).toEqual({ done: 0, kept: 2 });
  } finally {
    await channel.bindQueue(QUEUE, 'saga.commands', 'depot.*');
  }
  expect((await letters()).map(({ body }) => body).sort()).toEqual(['a', 'b']);
});

it('loses none when its connection ends in the middle', async () => {
  const COUNT = 500;
  const bodies = Array.from({ length: COUNT }, (_, number) => `{"number":${number}}`);
  await Promise.all(bodies.map((body) => lay(body)));
  const ready = async () => (await channel.checkQueue(`${QUEUE}.dead`)).messageCount;
  await waitFor('all letters', async () => (await ready()) === COUNT, 30_000);
  let sent = 0;
  const { queue: tap } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(tap, 'saga.commands', 'depot.unknown');
  await channel.consume(tap, () => void sent++, { noAck: true });
  const other = connectTransport({
    urls: [lab.broker.amqpUrl],
    name: 'other',
    logger: await createLogger('other', 'silent'),
  });
  await waitFor('the other', () => other.isReady());
  const replayed = other.deadLetters.replay(QUEUE, null).then(
    () => 'all',
    (error: SagaError) => error.code,
  );
  await waitFor('some letters to be sent', () => sent > 60, 30_000);
  await other.close();
  expect(await replayed).toBe('TRANSPORT_UNAVAILABLE');
  // Nobody knows the task: what was sent again came back.
  await waitFor(
    'each to lie there, again or still',
    async () => {
      const { letters: left } = await lab.transport.deadLetters.peek(QUEUE, 2 * COUNT);
      return new Set(left.map(({ body }) => body.toString())).size === COUNT;
    },
    60_000,
  );
}, 120_000);
