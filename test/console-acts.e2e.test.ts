/** What an operator does to one saga in the console, to its end: skip, edit, compensate. */
import { connect } from 'amqplib';
import type { Browser } from 'puppeteer-core';
import { openConsole, startBrowser, type ConsolePage } from './support/console-page.js';
import { get, post } from './support/http.js';
import { orders, type PlacedOrder } from './support/orders.js';
import { startStack, type Stack } from './support/stack.js';
import { fixPrinter, placeStuckOrders } from './support/stuck-orders.js';
import { waitFor } from './support/wait-for.js';

const OPERATOR_TOKEN = 'a token for operators';
const AUTHORIZE = 'accounting_service.authorize_card';
/** What Ann did, in the history that is shown. */
const ACT = '.timeline > li.operator';

interface Saga {
  readonly status: string;
  readonly version: number;
  readonly payload: object | null;
  readonly history: readonly { readonly type: string; readonly after?: object }[];
}

let stack: Stack;
let browser: Browser;
let tab: ConsolePage;
let stuck: PlacedOrder[];
beforeAll(async () => {
  [stack, browser] = await Promise.all([
    startStack('console_acts', undefined, (name, settings) =>
      name === 'order-service' ? { ...settings, OPERATOR_TOKEN, OPERATOR_MAY_EDIT: 'true' } : settings,
    ),
    startBrowser(),
  ]);
  stuck = await placeStuckOrders(stack, 2);
  await fixPrinter(stack);
  tab = await openConsole(browser, stack.url('order-service'), OPERATOR_TOKEN);
}, 180_000);
afterAll(async () => {
  await browser.close();
  await stack.stop();
}, 60_000);

const seen = async ({ sagaId }: PlacedOrder): Promise<Saga> => {
  const url = `${stack.url('order-service')}/sagas/${sagaId}`;
  return (await get<Saga>(url, { authorization: `Bearer ${OPERATOR_TOKEN}` })).body;
};
const statusOf = async ({ id }: PlacedOrder) =>
  (await get<PlacedOrder>(`${stack.url('order-service')}/orders/${id}`)).body.status;

test('a step is skipped: the saga completes without it', async () => {
  const order = stuck[0]!;
  await tab.goTo(`sagas/${order.sagaId}`);
  await tab.press('button', 'Skip the step …');
  await tab.untilSays('what it should have done is left to you', 'dialog');
  await tab.sign('the kitchen was called');
  await tab.untilSays('completed', '.head .badge');
  await tab.untilSays('Ann skipped approve_ticket', ACT);
  await tab.untilSays('the kitchen was called', ACT);
  await tab.untilSays('stuck → completed', `${ACT} .changes`);
  await tab.untilSays('restaurant_service.approve_ticket, attempt 25, parked → nothing', `${ACT} .changes`);
  expect(await tab.valueOf(`document.querySelector('.machine').getAttribute('aria-label')`)).toContain(
    'approve_ticket: skipped; approve_order: done',
  );
  expect(await statusOf(order)).toBe('APPROVED');
  expect(tab.complaints).toEqual([]);
}, 90_000);

test('a payload is edited: what breaks its schema is told, and the new one is sent', async () => {
  const order = stuck[1]!;
  const { payload } = await seen(order);
  const note = 'as Ann has it';
  await tab.goTo(`sagas/${order.sagaId}`);
  await tab.press('button', 'Edit the command …');
  const fill = (text: string) => tab.page.locator('dialog textarea').fill(text);
  await fill('{');
  await tab.sign('a note was missing');
  await tab.untilSays('That is no JSON', 'dialog');
  await fill(JSON.stringify({ ...payload, ticketId: 7 }));
  await tab.sign('a note was missing');
  await tab.untilSays('/ticketId', 'dialog');
  // The browser tells of the answer 422.
  expect(tab.complaints.splice(0)).toEqual([expect.stringContaining('422')]);
  await fill(JSON.stringify({ ...payload, note }));
  await tab.sign('a note was missing');
  await tab.untilSays('completed', '.head .badge');
  await tab.untilSays('Ann edited approve_ticket', ACT);
  await tab.untilSays('a note was missing', ACT);
  await tab.untilSays('stuck → running', `${ACT} .changes`);
  for (const [title, isNew] of [
    ['Before', false],
    ['After', true],
  ] as const) {
    await tab.page.locator(`${ACT} .folded summary ::-p-text(${title})`).click();
    await tab.untilSays('ticketId', `${ACT} .folded details[open]`);
    const text = await tab.valueOf(`[...document.querySelectorAll('${ACT} .folded details[open]')].at(-1).innerText`);
    expect([title, String(text).includes(note)]).toEqual([title, isNew]);
  }
  expect((await seen(order)).history.find(({ type }) => type === 'operator_edited')?.after).toMatchObject({
    payload: { ...payload, note },
  });
  expect(await statusOf(order)).toBe('APPROVED');
  expect(tab.complaints).toEqual([]);
}, 90_000);

test('a saga is compensated, after a look at the undos', async () => {
  await stack.service('accounting-service').stop();
  const { body: order } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good);
  await waitFor('the saga to wait for the card', async () => {
    // Its time does not pass: were the command sent again now and then, the saga would move on while the dialog is
    // open.
    const held = await stack.query(
      'order-service',
      `update saga_instance set wake_at = wake_at + interval '1 hour' where saga_id = '${order.sagaId}'
        and awaited->>'name' = '${AUTHORIZE}' and awaited->>'state' = 'sent' returning 1`,
    );
    return held.length > 0;
  });
  await tab.goTo(`sagas/${order.sagaId}`);
  await tab.press('button', 'Compensate …');
  await tab.untilSays('These undos are run, in this order', 'dialog');
  const undos = await tab.valueOf(
    `[...document.querySelectorAll('dialog .undos > li')].map((li) => li.innerText.split('\\n')[0])`,
  );
  expect(undos).toEqual([
    'reverse_authorization in case authorize_card had its effect',
    'reject_ticket undoes create_ticket',
    'reject_order undoes create_order, local',
  ]);
  expect(await statusOf(order)).toBe('APPROVAL_PENDING');
  await tab.sign('the customer called');
  await tab.untilSays('compensating', '.head .badge');
  await stack.replace('accounting-service');
  await tab.untilSays('compensated', '.head .badge');
  await tab.untilSays('Ann compensated', ACT);
  await tab.untilSays('the customer called', ACT);
  await tab.untilSays('running → compensating', `${ACT} .changes`);
  await tab.untilSays(`${AUTHORIZE} → accounting_service.reverse_authorization`, `${ACT} .changes`);
  expect(await statusOf(order)).toBe('REJECTED');
  expect(tab.complaints).toEqual([]);
}, 90_000);

test('a pivot that answered what is of no use is accepted with what it should have answered', async () => {
  await stack.service('accounting-service').stop();
  const { body: order } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good);
  const url = `${stack.url('order-service')}/sagas/${order.sagaId}`;
  const awaited = await waitFor('the saga to wait for the card', async () => {
    const { body } = await get<{ awaited: { step: string; commandId: string } | null }>(url, {
      authorization: `Bearer ${OPERATOR_TOKEN}`,
    });
    return body.awaited?.step === AUTHORIZE && body.awaited;
  });
  const connection = await connect(stack.broker.amqpUrl);
  const channel = await connection.createConfirmChannel();
  const useless = Buffer.from('{"authorization":"yes"}');
  channel.publish('create_order_saga.responses', `${AUTHORIZE}.response.success`, useless, {
    correlationId: awaited.commandId,
  });
  await channel.waitForConfirms();
  // The true answer, were it to come still, would free the saga.
  await channel.purgeQueue('accounting_service.commands');
  await connection.close();
  await stack.replace('accounting-service');
  await tab.goTo(`sagas/${order.sagaId}`);
  await tab.untilSays('stuck', '.head .badge');
  await tab.press('button', 'Give it up …');
  await tab.untilSays('reverse_authorization', 'dialog .undos');
  await tab.press('button', 'Cancel');
  await tab.press('button', 'Accept the outcome …');
  await tab.untilSays('Nothing is sent to the participant', 'dialog');
  // Whoever mends it begins with what was answered.
  const field = `document.querySelector('dialog textarea')`;
  expect(JSON.parse(String(await tab.valueOf(`${field}.value`)))).toEqual({ authorization: 'yes' });
  await tab.sign('the bank says so');
  await tab.untilSays('/authorizationId', 'dialog');
  expect(tab.complaints.splice(0)).toEqual([expect.stringContaining('422')]);
  const reply = { authorizationId: '018f0000-0000-7000-8000-00000000000a' };
  await tab.page.locator('dialog textarea').fill(JSON.stringify(reply));
  await tab.sign('the bank says so');
  await tab.untilSays('completed', '.head .badge');
  await tab.untilSays('Ann accepted authorize_card', ACT);
  expect(await statusOf(order)).toBe('APPROVED');
  expect(tab.complaints).toEqual([]);
}, 120_000);
