/**
 * One message kills each process that handles it, with hundreds of innocent ones delivered beside it. The innocent are
 * all handled, and none is given up; the guilty one is parked with its cause after it has killed four: the first,
 * before anybody could suspect it, and the three that an unproven suspicion costs.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import pg from 'pg';
import { CONSTANTS } from 'saga-core';
import { createTestBroker, type TestBroker } from '../support/broker.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { takeDeadLetters } from '../support/dead-letters.js';
import { testInLongForm } from '../support/long-form.js';
import { waitFor } from '../support/wait-for.js';

const INNOCENT = 300;
const SAGA = 'fragile_saga.responses';
const TASK = 'fragile_service.touch';

type Role = 'participant' | 'orchestrator';

let broker: TestBroker;
const databases = new Map<Role, TestDatabase>();
let connection: ChannelModel;
let channel: Channel;
beforeAll(async () => {
  broker = await createTestBroker('crash_loop');
  for (const role of ['participant', 'orchestrator'] as const)
    databases.set(role, await createTestDatabase(`crash_loop_${role}`));
  connection = await connect(broker.amqpUrl);
  channel = await connection.createChannel();
}, 60_000);
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await connection.close();
  await Promise.all([broker.drop(), ...[...databases.values()].map((database) => database.drop())]);
}, 60_000);

const running = new Set<ChildProcess>();

interface Fragile {
  readonly output: () => string;
  readonly hasEnded: () => boolean;
  readonly ended: Promise<void>;
  kill(): void;
}

function start(role: Role, settings: Readonly<Record<string, string>> = {}): Fragile {
  const child = spawn(process.execPath, ['test/support/fragile-process.mjs', role], {
    env: {
      PATH: process.env.PATH ?? '',
      AMQP_URL: broker.amqpUrl,
      DATABASE_URL: databases.get(role)!.url,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  let isOver = false;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve())).then(() => void (isOver = true));
  running.add(child);
  return { output: () => output, hasEnded: () => isOver, ended, kill: () => void child.kill('SIGKILL') };
}

/**
 * Starts a process again whenever it has died.
 *
 * @returns how many died, once the condition holds, and nothing is noted of deliveries any more
 */
async function untilDone(role: Role, isDone: () => Promise<boolean>): Promise<number> {
  let deaths = 0;
  let process = start(role);
  try {
    await waitFor(
      `the ${role} to get over it`,
      async () => {
        if (process.hasEnded()) {
          deaths++;
          process = start(role);
        }
        // What it has noted of deliveries, it forgets last.
        return (await isDone()) && (await rowsOf(role, 'select from saga_delivery_attempt')).length === 0;
      },
      120_000,
    );
    expect(process.hasEnded()).toBe(false);
  } catch (error) {
    throw new Error(`After ${deaths} deaths, the ${role} said:\n${process.output().slice(-3_000)}`, { cause: error });
  } finally {
    process.kill();
    await process.ended;
  }
  return deaths;
}

/** @returns the rows that a query finds in the database of a role */
async function rowsOf<Row>(role: Role, sql: string): Promise<Row[]> {
  const client = new pg.Client(databases.get(role)!.url);
  try {
    await client.connect();
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
}

const ready = async (queue: string): Promise<number> => (await channel.checkQueue(queue)).messageCount;
const exists = async (queue: string): Promise<boolean> =>
  (await broker.list<{ name: string }>('queues')).some(({ name }) => name === queue);
const guilty = Math.floor(INNOCENT / 2);

test('a command that kills its participant is parked alone', async () => {
  const first = start('participant');
  await waitFor('the queue', () => exists('fragile_service.commands'));
  await waitFor('the consumer', async () => (await channel.checkQueue('fragile_service.commands')).consumerCount > 0);
  first.kill();
  await first.ended;
  // Replies go here.
  await channel.assertExchange(SAGA, 'topic', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, SAGA, '#');
  const answered = new Set<string>();
  await channel.consume(queue, (reply) => void (reply && answered.add(reply.properties.correlationId as string)), {
    noAck: true,
  });
  const ids = Array.from({ length: INNOCENT + 1 }, () => `${randomUUID()}:1`);
  ids.forEach((correlationId, number) => {
    const body = Buffer.from(JSON.stringify({ number, isFatal: number === guilty }));
    channel.publish('saga.commands', TASK, body, { persistent: true, correlationId, replyTo: SAGA });
  });
  await waitFor('the commands', async () => (await ready('fragile_service.commands')) === ids.length);

  const parked = async () => (await ready('fragile_service.commands.dead')) > 0;
  const deaths = await untilDone('participant', async () => answered.size === INNOCENT && (await parked()));
  expect(deaths).toBe(1 + CONSTANTS.maxDeathsPerMessage);
  expect(answered.has(ids[guilty]!)).toBe(false);
  const touched = await rowsOf<{ number: number }>('participant', 'select number from touched order by number');
  expect(touched.map(({ number }) => number)).toEqual([...ids.keys()].filter((number) => number !== guilty));
  expect(await takeDeadLetters(broker.amqpUrl, 'fragile_service.commands', 1)).toEqual({ CRASH_LOOP: 1 });
  await channel.deleteQueue(queue);
}, 180_000);

testInLongForm(
  'a reply that kills its orchestrator is parked alone',
  async () => {
    await channel.assertQueue('fragile_service.commands.taken', { durable: true });
    await channel.assertExchange('saga.commands', 'topic', { durable: true });
    await channel.bindQueue('fragile_service.commands.taken', 'saga.commands', TASK);
    const ids = Array.from({ length: INNOCENT + 1 }, () => randomUUID());
    const first = start('orchestrator', { START: ids.join() });
    await waitFor('the commands', async () => (await ready('fragile_service.commands.taken')) === ids.length);
    // Without its queue and its binding, the replies would have nowhere to wait.
    await waitFor('the queue of replies', () => exists(SAGA));
    await waitFor('the consumer of replies', async () => (await channel.checkQueue(SAGA)).consumerCount > 0);
    first.kill();
    await first.ended;
    ids.forEach((id, number) => {
      const body = Buffer.from(JSON.stringify({ isFatal: number === guilty }));
      channel.publish(SAGA, `${TASK}.response.success`, body, { persistent: true, correlationId: `${id}:1` });
    });
    await waitFor('the replies', async () => (await ready(SAGA)) === ids.length);

    const endedSagas = async () =>
      (await rowsOf('orchestrator', `select 1 from saga_instance where status = 'completed'`)).length === INNOCENT;
    const deaths = await untilDone(
      'orchestrator',
      async () => (await endedSagas()) && (await ready(`${SAGA}.dead`)) > 0,
    );
    expect(deaths).toBe(1 + CONSTANTS.maxDeathsPerMessage);
    expect(await takeDeadLetters(broker.amqpUrl, SAGA, 1)).toEqual({ CRASH_LOOP: 1 });
    const left = await rowsOf<{ saga_id: string; status: string }>(
      'orchestrator',
      `select saga_id, status from saga_instance where status <> 'completed'`,
    );
    expect(left).toEqual([{ saga_id: ids[guilty], status: 'running' }]);
  },
  180_000,
);
