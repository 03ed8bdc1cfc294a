/** The operator's console, in a browser, on the real services. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'amqplib';
import type { Browser } from 'puppeteer-core';
import { openConsole, startBrowser, type ConsolePage } from './support/console-page.js';
import { get, post, statusAndHeaders } from './support/http.js';
import { deadLetters, orders, type PlacedOrder } from './support/orders.js';
import { startStack, type Stack } from './support/stack.js';
import { fixPrinter, placeStuckOrders, stuckVersion } from './support/stuck-orders.js';
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
  tab = await openConsole(browser, stack.url('order-service'), TOKEN);
}, 60_000);
afterEach(async () => {
  await tab.page.browserContext().close();
});

test('the page asks for nothing from elsewhere, and its policy allows nothing else', async () => {
  const { headers } = await statusAndHeaders(stack.url('order-service'));
  expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  for (const screen of SCREENS) {
    await tab.goTo(screen);
    await tab.untilLoaded();
  }
  expect([...tab.origins]).toEqual([stack.url('order-service')]);
  expect(tab.complaints).toEqual([]);
}, 90_000);

test('a link that carries the token lets its tab in, and is not kept in its address', async () => {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(`${stack.url('order-service')}/#token=${encodeURIComponent(TOKEN)}`);
  await page.waitForFunction(`document.querySelector('.live.on')`);
  expect(page.url()).toBe(`${stack.url('order-service')}/#/`);
  // Opened in a tab that was let in by another one, too.
  await page.goto(`${stack.url('order-service')}/#token=wrong`);
  await page.waitForFunction(`document.querySelector('dialog input[name=token]')`);
  await context.close();
}, 60_000);

test('the page of the REST API works under its policy', async () => {
  const { page, complaints } = tab;
  complaints.length = 0;
  await page.goto(`${stack.url('order-service')}/openapi`);
  await page.locator('.opblock-summary-control ::-p-text(/health/live)').click();
  const answered = page.waitForResponse((response) => response.url().endsWith('/health/live'));
  await page.locator('.opblock .execute').click();
  expect((await answered).status()).toBe(200);
  expect(complaints).toEqual([]);
}, 90_000);

test('a page of another site cannot put ours into a frame', async () => {
  const ours = stack.url('order-service');
  const other = createServer((_request, response) => {
    const frames = ['/', '/openapi', '/asyncapi'].map((path) => `<iframe src="${ours}${path}"></iframe>`).join('');
    response.setHeader('content-type', 'text/html').end(`<body>${frames}</body>`);
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  try {
    const { page } = tab;
    await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
    const frames = page.frames().filter((frame) => frame !== page.mainFrame());
    expect(frames.map((frame) => frame.url())).toEqual(Array(3).fill('chrome-error://chromewebdata/'));
  } finally {
    other.closeAllConnections();
    other.close();
  }
}, 90_000);

test('what can be operated has a name, and nothing is wider than a phone', async () => {
  await tab.page.setViewport({ width: 360, height: 740 });
  for (const screen of SCREENS) {
    await tab.goTo(screen);
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
  await tab.untilSays('data.ticketId', '.timeline .changes');
  const drawn = (await tab.valueOf(`document.querySelector('.machine').getAttribute('aria-label')`)) as string;
  expect(drawn.replace('Steps. ', '').split('; ')).toEqual(
    expect.arrayContaining([
      'create_order: compensated',
      'verify_consumer_details: done',
      'create_ticket: compensated',
      'authorize_card: no effect',
      'approve_ticket: not reached',
      'approve_order: not reached',
    ]),
  );
  expect(await tab.nameless()).toEqual([]);

  await tab.goTo('failures');
  await tab.untilSays('LIMIT_EXCEEDED', '.groups li');
  expect(tab.complaints).toEqual([]);
}, 90_000);

test('an order of one’s own is placed with the form, and found by its data', async () => {
  await tab.page.locator('.try summary').click();
  await tab.fill('Price', '4321');
  await tab.press('button', 'Place an order');
  await tab.untilSays('completed', '.started li:first-child');
  await tab.goTo('sagas');
  await tab.fill('Saga id, order id, or data.field:value', 'data.price:4321');
  await tab.press('button', 'Search');
  await tab.page.waitForFunction(`document.querySelectorAll('table.rows tbody tr').length === 1`);
  expect(tab.complaints).toEqual([]);
}, 90_000);

describe('stuck sagas', () => {
  let stuck: PlacedOrder[];
  beforeAll(async () => {
    stuck = await placeStuckOrders(stack, 6);
  }, 120_000);

  test('one is found, understood, retried, and seen to end', async () => {
    const { sagaId } = stuck[0]!;
    await tab.untilSays('6', '.tile.bad .value');
    await tab.page.locator('.tile.bad a').click();
    await tab.page.locator(`a[href="#/sagas/${sagaId}"]`).click();
    await tab.untilSays('Stuck because of HANDLER_FAILED');
    await tab.untilSays('its printer is out of paper');

    await fixPrinter(stack);
    await tab.press('button', 'Retry now');
    await tab.sign('the printer has paper again');
    await tab.untilSays('completed', '.head .badge');
    await tab.untilSays('Ann retried', '.timeline');
    await tab.untilSays('the printer has paper again', '.timeline');

    await tab.goTo('operations');
    await tab.untilSays('the printer has paper again', 'main table');
    expect(tab.complaints).toEqual([]);
  }, 90_000);

  test('of two operators at one saga the second is told that it has moved on, and nothing is done', async () => {
    const { sagaId } = stuck[1]!;
    await tab.goTo(`sagas/${sagaId}`);
    await tab.press('button', 'Retry now');
    const bob = { operator: 'Bob', reason: 'I was first', version: await stuckVersion(stack, stuck[1]!) };
    const url = `${stack.url('order-service')}/sagas/${sagaId}/retry`;
    expect(await post(url, bob, { authorization: `Bearer ${TOKEN}` })).toMatchObject({ status: 200 });
    await tab.sign('I did not look');
    await tab.untilSays('The saga has moved on since you opened it', 'dialog');
    await tab.press('button', 'Cancel');
    await tab.untilSays('Bob retried', '.timeline');
    expect(await tab.valueOf(`document.querySelector('.timeline').innerText.includes('I did not look')`)).toBe(false);
  }, 90_000);

  test('all with the same failure are retried together, slowly, paused and resumed', async () => {
    await fixPrinter(stack);
    await tab.goTo('failures');
    await tab.press('button', 'Retry the stuck of HANDLER_FAILED at restaurant_service.approve_ticket');
    await tab.untilSays('4 sagas match', 'dialog');
    await tab.fill('At most so many a second', '1');
    await tab.sign('the printer has paper again');
    await tab.press('button', 'Pause …');
    await tab.sign('one after the other');
    await tab.untilSays('paused', '.operations li:first-child .badge');
    expect(await tab.valueOf(`document.querySelector('progress').value < 4`)).toBe(true);
    await tab.press('button', 'Resume …');
    await tab.sign('on with it');
    await tab.untilSays('completed', '.operations li:first-child .badge');
    await tab.untilSays('4 of 4 retried', '.operations li:first-child');
    await tab.goTo('');
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

  await tab.goTo('');
  await tab.untilSays('dead letters', '.tile.bad');
  await tab.goTo('dead-letters');
  await tab.press('link', 'accounting_service.commands');
  await tab.untilSays('accounting_service.authorize_card', '.letters');
  await tab.press('button', 'Replay …');
  await tab.sign('rejected by a test');
  await tab.untilSays('1 replayed');
  await tab.untilSays('No letter lies here.');
  const ended = async () => (await get<PlacedOrder>(`${stack.url('order-service')}/orders/${order.id}`)).body.status;
  await waitFor('the order to be approved', async () => (await ended()) === 'APPROVED', 60_000);
  expect(tab.complaints).toEqual([]);
}, 120_000);

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
