/** The operator's console, in a browser, on the real services. */
import { connect } from 'amqplib';
import pg from 'pg';
import type { Browser } from 'puppeteer-core';
import { openConsole, startBrowser, type ConsolePage } from './support/console-page.js';
import { get, post } from './support/http.js';
import { deadLetters, orders, type PlacedOrder } from './support/orders.js';
import type { ServiceName } from './support/service-process.js';
import { startStack, type Stack } from './support/stack.js';
import { waitFor } from './support/wait-for.js';

const TOKEN = 'a token for operators';
const SCREENS = ['', 'sagas', 'failures', 'dead-letters', 'operations'];

let stack: Stack;
let browser: Browser;
let tab: ConsolePage;
beforeAll(async () => {
  [stack, browser] = await Promise.all([
    startStack('console', undefined, (name, settings) =>
      name === 'order-service' ? { ...settings, OPERATOR_TOKEN: TOKEN } : settings,
    ),
    startBrowser(),
  ]);
}, 120_000);
afterAll(async () => {
  await browser.close();
  await stack.stop();
}, 60_000);
beforeEach(async () => {
  tab = await opened();
}, 60_000);
afterEach(async () => {
  await tab.page.browserContext().close();
});

test('the page asks for nothing from elsewhere, and its policy allows nothing else', async () => {
  const { headers } = await fetch(stack.url('order-service'));
  expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  for (const screen of SCREENS) {
    await goTo(screen);
    await tab.untilLoaded();
  }
  expect([...tab.origins]).toEqual([stack.url('order-service')]);
  expect(tab.complaints).toEqual([]);
}, 90_000);

test('what can be operated has a name, and nothing is wider than a phone', async () => {
  await tab.page.setViewport({ width: 360, height: 740 });
  for (const screen of SCREENS) {
    await goTo(screen);
    await tab.untilLoaded();
    expect([screen, await tab.nameless()]).toEqual([screen, []]);
    expect([screen, await tab.valueOf('document.documentElement.scrollWidth')]).toEqual([screen, 360]);
  }
}, 90_000);

test('orders are placed and seen to move until they end', async () => {
  await tab.page.locator('.scenarios button ::-p-text(All is well)').click();
  await tab.untilSays('All is well', '.started li');
  await tab.untilSays('completed', '.started li:first-child');
  await tab.page.locator('.scenarios button ::-p-text(Card limit exceeded)').click();
  await tab.untilSays('Card limit exceeded', '.started li:first-child');
  await tab.untilSays('compensated', '.started li:first-child');
  await tab.untilSays('LIMIT_EXCEEDED', '.started li:first-child');

  await tab.page.locator('.started li:first-child a').click();
  await tab.untilSays('Turned back because of LIMIT_EXCEEDED');
  expect(await tab.valueOf(`document.querySelector('.machine').getAttribute('aria-label')`)).toBe(
    'Steps. create_order: compensated; verify_consumer_details: done; create_ticket: compensated; ' +
      'authorize_card: no effect; approve_ticket: not reached; approve_order: not reached',
  );
  expect(await tab.nameless()).toEqual([]);

  await goTo('failures');
  await tab.untilSays('LIMIT_EXCEEDED', '.groups li');
  expect(tab.complaints).toEqual([]);
}, 90_000);

test('an order of one’s own is placed with the form, and found by its data', async () => {
  await tab.page.locator('.try summary').click();
  await tab.fill('Price', '4321');
  await tab.press('button', 'Place an order');
  await tab.untilSays('completed', '.started li:first-child');
  await goTo('sagas');
  await tab.fill('Saga id, order id, or data.field:value', 'data.price:4321');
  await tab.press('button', 'Search');
  await tab.page.waitForFunction(`document.querySelectorAll('table.rows tbody tr').length === 1`);
  expect(tab.complaints).toEqual([]);
}, 90_000);

describe('stuck sagas', () => {
  const stuck: PlacedOrder[] = [];
  const fixPrinter = () => queryOf('restaurant-service', 'update restaurant set approval_failures = 0 where id = 2');
  beforeAll(async () => {
    for (let count = 0; count < 6; count++) stuck.push(await placeBrokenApproval());
    await untilStuck(stuck);
  }, 120_000);

  test('one is found, understood, retried, and seen to end', async () => {
    const { sagaId } = stuck[0]!;
    await tab.untilSays('6', '.tile.bad .value');
    await tab.page.locator('.tile.bad a').click();
    await tab.page.locator(`a[href="#/sagas/${sagaId}"]`).click();
    await tab.untilSays('Stuck because of HANDLER_FAILED');
    await tab.untilSays('its printer is out of paper');

    await fixPrinter();
    await tab.press('button', 'Retry now');
    await sign('the printer has paper again');
    await tab.untilSays('completed', '.head .badge');
    await tab.untilSays('Ann retried', '.timeline');
    await tab.untilSays('the printer has paper again', '.timeline');

    await goTo('operations');
    await tab.untilSays('the printer has paper again', 'main table');
    expect(tab.complaints).toEqual([]);
  }, 90_000);

  test('of two operators at one saga the second is told that it has moved on, and nothing is done', async () => {
    const { sagaId } = stuck[1]!;
    await goTo(`sagas/${sagaId}`);
    await tab.press('button', 'Retry now');
    const bob = { operator: 'Bob', reason: 'I was first', version: await stuckVersion(stuck[1]!) };
    const url = `${stack.url('order-service')}/sagas/${sagaId}/retry`;
    expect(await post(url, bob, { authorization: `Bearer ${TOKEN}` })).toMatchObject({ status: 200 });
    await sign('I did not look');
    await tab.untilSays('The saga has moved on since you opened it', 'dialog');
    await tab.press('button', 'Cancel');
    await tab.untilSays('Bob retried', '.timeline');
    expect(await tab.valueOf(`document.querySelector('.timeline').innerText.includes('I did not look')`)).toBe(false);
  }, 90_000);

  test('all with the same failure are retried together, slowly, paused and resumed', async () => {
    await fixPrinter();
    await goTo('failures');
    await tab.press('button', 'Retry the stuck of HANDLER_FAILED at restaurant_service.approve_ticket');
    await tab.untilSays('4 sagas match', 'dialog');
    await tab.fill('At most so many a second', '1');
    await sign('the printer has paper again');
    await tab.press('button', 'Pause …');
    await sign('one after the other');
    await tab.untilSays('paused', '.operations li:first-child .badge');
    expect(await tab.valueOf(`document.querySelector('progress').value < 4`)).toBe(true);
    await tab.press('button', 'Resume …');
    await sign('on with it');
    await tab.untilSays('completed', '.operations li:first-child .badge');
    await tab.untilSays('4 of 4 retried', '.operations li:first-child');
    await goTo('');
    await tab.untilSays('0', '.tile.good .value');
    expect(tab.complaints).toEqual([]);
  }, 90_000);
});

test('a dead letter is looked at and replayed', async () => {
  await stack.service('accounting-service').stop();
  const { body: order } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good);
  await rejectOne('accounting_service.commands');
  await waitFor('the letter', async () => (await deadLetters(stack)).length > 0);
  await stack.replace('accounting-service');

  await goTo('dead-letters');
  await tab.press('link', 'accounting_service.commands');
  await tab.untilSays('accounting_service.authorize_card', '.letters');
  await tab.press('button', 'Replay …');
  await sign('rejected by a test');
  await tab.untilSays('1 replayed');
  await tab.untilSays('No letter lies here.');
  const ended = async () => (await get<PlacedOrder>(`${stack.url('order-service')}/orders/${order.id}`)).body.status;
  await waitFor('the order to be approved', async () => (await ended()) === 'APPROVED', 60_000);
  expect(tab.complaints).toEqual([]);
}, 120_000);

/** Shows a screen. */
const goTo = (screen: string) => tab.page.goto(`${stack.url('order-service')}/#/${screen}`);

/** Says who and why, and confirms. */
async function sign(reason: string): Promise<void> {
  await tab.fill('Your name', 'Ann');
  await tab.fill('Reason, kept in the history', reason);
  await tab.page.locator('dialog button[type=submit]').click();
}

/** @returns the version of a saga; undefined unless it is stuck */
async function stuckVersion({ sagaId }: PlacedOrder): Promise<number | undefined> {
  const rows = await queryOf(
    'order-service',
    `select version from saga_instance where saga_id = '${sagaId}' and status = 'stuck'`,
  );
  return (rows as { version: number }[])[0]?.version;
}

/** @returns the rows of a query in the database of a service */
async function queryOf(service: ServiceName, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: stack.settingsOf(service).DATABASE_URL });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Places an order whose ticket will not be approved for a long time. @returns it, once that has failed at least once */
async function placeBrokenApproval(): Promise<PlacedOrder> {
  await queryOf('restaurant-service', 'update restaurant set approval_failures = 1000 where id = 2');
  const { body: order } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.brokenApproval);
  await waitFor('a pause after a failed approval', async () => {
    const [saga] = await queryOf(
      'order-service',
      `select 1 from saga_instance where saga_id = '${order.sagaId}' and awaited->>'state' = 'pausing'`,
    );
    return saga;
  });
  return order;
}

/** Twenty-five attempts take ten minutes: all but the last are skipped while nobody runs the sagas. */
async function untilStuck(all: readonly PlacedOrder[]): Promise<void> {
  await stack.service('order-service').stop();
  await queryOf(
    'order-service',
    `update saga_instance set awaited = jsonb_set(awaited::jsonb, '{attempt}', '24')::json where awaited->>'name' = 'restaurant_service.approve_ticket'`,
  );
  await stack.replace('order-service');
  for (const order of all) await waitFor('the saga to be stuck', () => stuckVersion(order), 60_000);
}

/** @returns the console of the order-service that runs now, with the token given */
async function opened(): Promise<ConsolePage> {
  const fresh = await openConsole(browser);
  await fresh.page.goto(stack.url('order-service'));
  await fresh.fill('Token', TOKEN);
  await fresh.press('button', 'Let me in');
  await fresh.untilSays('live', '.live.on');
  // Until the token was given the API refused, and the browser tells of that.
  expect(fresh.complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);
  fresh.complaints.length = 0;
  return fresh;
}

/** Takes a message from a queue and rejects it, as a consumer would that cannot handle it. */
async function rejectOne(queue: string): Promise<void> {
  const connection = await connect(stack.broker.amqpUrl);
  try {
    const channel = await connection.createChannel();
    const message = await waitFor('a message', () => channel.get(queue));
    channel.nack(message, false, false);
    await channel.close();
  } finally {
    await connection.close();
  }
}
