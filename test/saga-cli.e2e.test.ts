/** Someone with a terminal finds a stuck saga, finishes it, and sends a dead letter again. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { get, post } from './support/http.js';
import { orders, type PlacedOrder } from './support/orders.js';
import { runSaga } from './support/saga-program.js';
import { startStack, type Stack } from './support/stack.js';
import { uuidOf } from './support/uuid.js';
import { waitFor } from './support/wait-for.js';

const OPERATOR_TOKEN = 'a token for this test';
const APPROVE = 'restaurant_service.approve_ticket';
const AUTHORIZE = 'accounting_service.authorize_card';
let stack: Stack;
let connection: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  stack = await startStack('saga_cli', undefined, (name, settings) =>
    name === 'order-service' ? { ...settings, OPERATOR_TOKEN, OPERATOR_MAY_EDIT: 'true' } : settings,
  );
  connection = await connect(stack.broker.amqpUrl);
  channel = await connection.createConfirmChannel();
}, 120_000);
afterAll(async () => {
  await connection.close();
  await stack.stop();
}, 60_000);

const saga = (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = { OPERATOR_TOKEN },
  input: string | undefined = undefined,
) => runSaga(args, { SAGA_URL: stack.url('order-service'), ...environment }, input);
const json = async <Value>(...args: string[]): Promise<Value> => {
  const { code, stdout, stderr } = await saga([...args, '--json']);
  if (code !== 0) throw new Error(`saga ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Value;
};
const inRestaurant = (statement: string) => stack.query('restaurant-service', statement);

interface Seen {
  readonly id: string;
  readonly status: string;
  readonly version: number;
  readonly step: string | null;
  readonly awaited: { commandId: string } | null;
  readonly payload: { orderId: string; ticketId: string };
  readonly history: { type: string; by?: string; message?: string; before?: object; after?: object }[];
}

/** Has a saga get stuck: no ticket can be approved, and then a reply comes that breaks its contract. */
async function stuckOrder(): Promise<PlacedOrder> {
  await inRestaurant(`
    create or replace function refuse() returns trigger language plpgsql as $$ begin raise exception 'the kitchen is on fire'; end $$;
    create trigger refuse before update on ticket for each row execute function refuse()`);
  const { body } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good);
  await waitFor(
    'the saga to be stuck',
    async () => {
      const seen = await json<Seen>('show', body.sagaId);
      if (seen.status === 'stuck') return true;
      if (seen.step !== APPROVE) return false;
      const correlationId = seen.awaited!.commandId;
      channel.publish('create_order_saga.responses', `${APPROVE}.response.success`, Buffer.from('[]'), {
        correlationId,
      });
      await channel.waitForConfirms();
      return false;
    },
    60_000,
  );
  return body;
}

test('a stuck saga is found, understood and finished', async () => {
  const order = await stuckOrder();
  const { items } = await json<{ items: Seen[] }>('list', '--status', 'stuck');
  expect(items).toEqual([expect.objectContaining({ id: order.sagaId, step: APPROVE })]);
  expect((await json<{ items: Seen[] }>('list', order.id)).items).toHaveLength(1);
  expect((await json<{ items: Seen[] }>('list', `data.orderId:${order.id}`)).items).toHaveLength(1);
  const listed = await saga(['list', '--status', 'stuck', '--step', 'approve_ticket', '--exit-code']);
  expect([listed.code, listed.stdout]).toEqual([
    1,
    expect.stringMatching(`${order.sagaId}.*${APPROVE}.*INVALID_REPLY`),
  ]);
  const shown = (await saga(['show', order.sagaId])).stdout;
  expect(shown).toContain('you can retry, skip, edit, accept');
  expect(shown).toMatch(new RegExp(`${APPROVE} +retriable +current`));
  expect(shown).toContain('the kitchen is on fire');
  expect(shown).toMatch(/step_succeeded +restaurant_service\.create_ticket +1 +data \{"ticketId":"/);

  const turned = await saga(['compensate', order.sagaId, '--reason', 'x', '--yes']);
  expect([turned.code, turned.stderr]).toEqual([3, expect.stringContaining('ACTION_NOT_ALLOWED')]);
  expect((await saga(['retry', order.sagaId])).code).toBe(2);
  await inRestaurant('drop trigger refuse on ticket');
  const { version } = await json<Seen>('show', order.sagaId);
  const why = ['--reason', 'the fire is out', '--by', 'ann', '--version', String(version)];
  expect(await saga(['retry', order.sagaId, ...why])).toMatchObject({ code: 0, stderr: '' });
  const again = await saga(['retry', order.sagaId, ...why]);
  expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('SAGA_MOVED_ON')]);
  const watched = await saga(['watch', order.sagaId]);
  expect([watched.code, watched.stdout]).toEqual([0, expect.stringContaining('completed')]);
  expect((await get<PlacedOrder>(`${stack.url('order-service')}/orders/${order.id}`)).body.status).toBe('APPROVED');

  const audit = await json<{ items: object[] }>('audit');
  expect(audit.items).toEqual([
    expect.objectContaining({ operator: 'ann', reason: 'the fire is out', action: 'retry', sagaId: order.sagaId }),
  ]);
  const dry = await json<{ matches: number }>(
    'bulk',
    'retry',
    '--dry-run',
    '--reason',
    'x',
    '--saga',
    'create_order_saga',
  );
  expect(dry.matches).toBe(0);
}, 180_000);

test('a payload is edited, after a look at what changes', async () => {
  const { sagaId } = await stuckOrder();
  await inRestaurant('drop trigger refuse on ticket');
  const { payload } = await json<Seen>('show', sagaId);
  const edited = JSON.stringify({ ...payload, note: 'by hand' });
  const folder = mkdtempSync(join(tmpdir(), 'saga-cli-'));
  const file = join(folder, 'payload.json');
  const edit = ['edit', sagaId, '--reason', 'the kitchen wants a note', '--by', 'ann', '--payload'];
  try {
    writeFileSync(file, edited);
    const looked = await saga([...edit, file, '--dry-run']);
    expect([looked.code, looked.stdout]).toEqual([0, expect.stringMatching(/note +– +"by hand"/)]);
    // Nobody is there to confirm it.
    expect(await saga([...edit, file])).toMatchObject({
      code: 2,
      stdout: looked.stdout,
      stderr: expect.stringContaining('--yes') as string,
    });
    expect((await saga(edit.slice(0, -1))).code).toBe(2);
    expect((await saga([...edit, join(folder, 'none.json'), '--yes'])).code).toBe(2);
    writeFileSync(file, '{');
    const broken = await saga([...edit, file, '--yes']);
    expect([broken.code, broken.stderr]).toEqual([2, expect.stringContaining('is no JSON')]);
    writeFileSync(file, JSON.stringify({ ...payload, ticketId: 7 }));
    const wrong = await saga([...edit, file, '--yes']);
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringContaining('/ticketId')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const piped = [...edit, '-', '--yes', '--version', String((await json<Seen>('show', sagaId)).version)];
  expect(await saga(piped, { OPERATOR_TOKEN }, edited)).toMatchObject({ code: 0, stderr: '' });
  expect((await saga(['watch', sagaId])).code).toBe(0);
  const again = await saga(piped, { OPERATOR_TOKEN }, edited);
  expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('ACTION_NOT_ALLOWED')]);
  const { history } = await json<Seen>('show', sagaId);
  expect(history.find(({ type }) => type === 'operator_edited')).toMatchObject({
    by: 'ann',
    message: 'the kitchen wants a note',
    before: { payload },
    after: { payload: { ...payload, note: 'by hand' } },
  });
}, 180_000);

/**
 * Has a saga get stuck at its pivot: the card is authorized, and the answer, which comes first from somebody else,
 * breaks its contract.
 */
async function stuckPivot(): Promise<PlacedOrder> {
  await stack.service('accounting-service').stop();
  const { body } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good);
  const correlationId = await waitFor('the card to be asked for', async () => {
    const seen = await json<Seen>('show', body.sagaId);
    return seen.step === AUTHORIZE && seen.awaited?.commandId;
  });
  channel.publish('create_order_saga.responses', `${AUTHORIZE}.response.success`, Buffer.from('[]'), { correlationId });
  await channel.waitForConfirms();
  await waitFor('the saga to be stuck', async () => (await json<Seen>('show', body.sagaId)).status === 'stuck');
  // The true answer, were it to come still, would free the saga.
  await channel.purgeQueue('accounting_service.commands');
  await stack.replace('accounting-service');
  return body;
}

test('a stuck pivot is accepted with what it should have answered, or given up after a look at the undos', async () => {
  const accepted = await stuckPivot();
  const shown = (await saga(['show', accepted.sagaId])).stdout;
  expect(shown).toContain('you can retry, edit, accept, give-up');
  const accept = ['accept', accepted.sagaId, '--reason', 'the bank says so', '--by', 'ann', '--yes', '--reply'];
  expect((await saga(accept.slice(0, -1))).code).toBe(2);
  const wrong = await saga([...accept, '-'], { OPERATOR_TOKEN }, '{}');
  expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringContaining('INVALID_PAYLOAD')]);
  const reply = JSON.stringify({ authorizationId: uuidOf(Date.now()) });
  expect(await saga([...accept, '-'], { OPERATOR_TOKEN }, reply)).toMatchObject({ code: 0, stderr: '' });
  expect((await saga(['watch', accepted.sagaId])).code).toBe(0);

  const givenUp = await stuckPivot();
  const giveUp = ['give-up', givenUp.sagaId, '--reason', 'the customer called', '--by', 'ann'];
  const looked = await saga([...giveUp, '--dry-run']);
  expect([looked.code, looked.stdout]).toEqual([
    0,
    expect.stringContaining('accounting_service.reverse_authorization'),
  ]);
  expect((await saga([...giveUp, '--yes'])).code).toBe(0);
  expect((await saga(['watch', givenUp.sagaId])).code).toBe(1);
  expect((await get<PlacedOrder>(`${stack.url('order-service')}/orders/${givenUp.id}`)).body.status).toBe('REJECTED');
}, 180_000);

test('what npm start runs is found, with its token, in its folder and below', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'saga-cli-'));
  try {
    mkdirSync(join(folder, '.local/run'), { recursive: true });
    mkdirSync(join(folder, 'deeper'));
    const stackFile = {
      services: { 'order-service': { url: stack.url('order-service') } },
      operatorToken: OPERATOR_TOKEN,
    };
    writeFileSync(join(folder, '.local/run/stack.json'), JSON.stringify(stackFile));
    const program = join(process.cwd(), 'libs/saga-operator/bin/saga.js');
    const env = { PATH: process.env.PATH ?? '' };
    const list = (cwd: string) =>
      new Promise<number | null>((resolve) => {
        const child = execFile(process.execPath, [program, 'list'], { env, cwd }, () => resolve(child.exitCode));
      });
    expect(await list(join(folder, 'deeper'))).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test('a dead letter is seen, and sent again once what it lacked is there', async () => {
  const queue = 'restaurant_service.commands';
  const replyTo = 'late_saga.responses';
  channel.publish('saga.commands', 'restaurant_service.create_ticket', Buffer.from('{}'), {
    correlationId: `${uuidOf(Date.now())}:1`,
    replyTo,
  });
  await channel.waitForConfirms();
  const letter = await waitFor('the letter', async () => {
    const { items } = await json<{ items: { id: string; cause: string }[] }>('dead-letters', 'show', queue);
    return items[0];
  });
  expect(letter.cause).toBe('REPLY_ADDRESS_REFUSED');
  const counted = await saga(['dead-letters', '--exit-code']);
  expect([counted.code, counted.stdout]).toEqual([1, expect.stringMatching(/restaurant_service\.commands +1 +1/)]);
  const unclear = await saga(['dead-letters', 'replay', queue, '--reason', 'x']);
  expect([unclear.code, unclear.stderr]).toEqual([2, expect.stringContaining('--all')]);
  expect((await saga(['dead-letters', 'replay', queue, 'another', '--reason', 'x'])).code).toBe(4);

  await channel.assertExchange(replyTo, 'topic');
  const { queue: replies } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(replies, replyTo, '#');
  const keys: string[] = [];
  await channel.consume(replies, (reply) => void keys.push(reply!.fields.routingKey), { noAck: true });
  // That the exchange is missing is remembered for a while: until then the letter comes back.
  await waitFor(
    'the reply',
    async () => {
      const sent = await saga(['dead-letters', 'replay', queue, '--all', '--reason', 'it is there', '--by', 'ann']);
      expect(sent.code).toBe(0);
      return keys.length > 0;
    },
    60_000,
  );
  expect(keys).toEqual(['restaurant_service.create_ticket.response.failure']);
  expect((await json<{ items: object[] }>('dead-letters', 'show', `${queue}.dead`)).items).toEqual([]);
}, 120_000);

test('it teaches, and says by its exit code what is wrong', async () => {
  expect((await saga(['--help'])).stdout).toContain('A stuck saga, step by step');
  expect(await saga(['diagram'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('stateDiagram-v2') as string,
  });
  expect((await saga(['lits'])).code).toBe(2);
  expect((await saga(['show', uuidOf(1)])).code).toBe(4);
  const shortened = await saga(['retry', uuidOf(1).slice(-12), '--reason', 'x']);
  expect([shortened.code, shortened.stderr]).toEqual([2, expect.stringContaining('give it whole')]);
  expect((await saga(['bulk', 'retry', '--dry-run'])).code).toBe(0);
  expect((await saga(['list'], {})).code).toBe(5);
  expect((await saga(['list'], { OPERATOR_TOKEN: 'another token than that' })).code).toBe(5);
  expect((await saga(['list'], { SAGA_URL: 'http://127.0.0.1:9' })).code).toBe(6);
}, 60_000);

test('watch ends with a code, too, when there is nothing to watch', async () => {
  const unknownId = uuidOf(1);
  const unknown = await saga(['watch', unknownId]);
  expect([unknown.code, unknown.stderr]).toEqual([4, `There is no saga ${unknownId}.\n`]);
  expect((await saga(['watch', 'nonsense'])).code).toBe(2);
  const refused = await saga(['watch', uuidOf(1)], { OPERATOR_TOKEN: 'another token than that' });
  expect([refused.code, refused.stderr]).toEqual([
    5,
    expect.stringMatching(/^UNAUTHORIZED: .* Is OPERATOR_TOKEN right\?\n$/),
  ]);
  expect((await saga(['watch'], {})).code).toBe(5);
  expect((await saga(['show', uuidOf(1)], { SAGA_URL: stack.url('consumer-service') })).code).toBe(6);
  const { body } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good);
  const watched = await saga(['watch', body.sagaId.toUpperCase()]);
  expect([watched.code, watched.stdout]).toEqual([0, expect.stringContaining('completed')]);
}, 60_000);

test('the service may lie below a path', async () => {
  const proxy = createServer((incoming, response) => {
    const isBelow = incoming.url?.startsWith('/operator/');
    const options = { headers: incoming.headers, method: incoming.method };
    if (!isBelow) return void response.writeHead(404).end();
    const forwarded = request(stack.url('order-service') + incoming.url!.slice('/operator'.length), options, (answer) =>
      answer.pipe(response.writeHead(answer.statusCode!, answer.headers)),
    );
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const at = (path: string) => ({
    OPERATOR_TOKEN,
    SAGA_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${path}`,
  });
  try {
    for (const path of ['/operator', '/operator/'])
      expect(await saga(['diagram'], at(path))).toMatchObject({ code: 0, stderr: '' });
    expect((await saga(['show', uuidOf(1)], at('/operator'))).code).toBe(4);
    expect((await saga(['show', uuidOf(1)], at('/elsewhere'))).code).toBe(6);
  } finally {
    proxy.close();
    proxy.closeAllConnections();
  }
}, 60_000);
