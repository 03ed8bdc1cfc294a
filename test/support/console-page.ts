/** The operator's console in a real browser. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { launch, type Browser, type Page } from 'puppeteer-core';
import { findTestTool } from './test-tools.js';

/** Every wait of the browser allows for a machine that does a lot else. */
const WAIT_MS = 30_000;

export interface ConsolePage {
  readonly page: Page;
  /** What the browser complained about: errors in the console, exceptions, refused requests. */
  readonly complaints: string[];
  /** The origins of all that was asked for. */
  readonly origins: Set<string>;
  /** Shows a screen: `sagas/<id>`. */
  goTo(screen: string): Promise<unknown>;
  /** Presses what has this role and accessible name, once it is there. */
  press(role: 'button' | 'link', name: string): Promise<void>;
  /** Fills in what has this label. */
  fill(label: string, text: string): Promise<void>;
  /** Says who (Ann) and why in the dialog that is open, and confirms. */
  sign(reason: string): Promise<void>;
  /** Waits for words somewhere on the page, or in one of the elements of a selector. */
  untilSays(words: string, within?: string): Promise<void>;
  /** Waits until nothing is being loaded. */
  untilLoaded(): Promise<void>;
  /** @returns what an expression gives within the page: as text, for the types of browsers are not known here */
  valueOf(expression: string): Promise<unknown>;
  /** @returns the roles of what can be operated and has no accessible name */
  nameless(): Promise<string[]>;
}

/** @returns a headless browser. @throws with what to install when there is none */
export async function startBrowser(): Promise<Browser> {
  const { command } = await findTestTool('chromium');
  // The launcher wants a file, and looks for no name in the PATH.
  const file = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find(existsSync);
  // Tests run as root in containers, where Chromium's sandbox does not start.
  return launch({
    executablePath: file ?? command,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/**
 * Opens the console in a tab of its own, which keeps nothing of others.
 *
 * @param url - of order-service
 * @param token - its OPERATOR_TOKEN, which the page asks for
 */
export async function openConsole(browser: Browser, url: string, token: string): Promise<ConsolePage> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warn') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) origins.add(new URL(request.url()).origin);
  });
  const press: ConsolePage['press'] = (role, name) =>
    page.locator(`::-p-aria([name="${name}"][role="${role}"])`).click();
  const fill: ConsolePage['fill'] = (label, text) => page.locator(`::-p-aria([name="${label}"])`).fill(text);
  const tab: ConsolePage = {
    page,
    complaints,
    origins,
    press,
    fill,
    goTo: (screen) => page.goto(`${url}/#/${screen}`),
    sign: async (reason) => {
      await fill('Your name', 'Ann');
      await fill('Reason, kept in the history', reason);
      await page.locator('dialog button[type=submit]').click();
    },
    untilSays: async (words, within = 'body') => {
      const [selector, wanted] = [JSON.stringify(within), JSON.stringify(words)];
      await page
        .waitForFunction(
          `[...document.querySelectorAll(${selector})].some(({ innerText }) => innerText.includes(${wanted}))`,
        )
        .catch(async (error: Error) => {
          const text = await page.evaluate('document.body.innerText');
          throw new Error(
            `The page does not say "${words}": ${error.message}\n${String(text)}\n${complaints.join('\n')}`,
          );
        });
    },
    untilLoaded: async () => {
      await page.waitForFunction(`document.querySelector('main h1') && !document.querySelector('.loading')`);
    },
    valueOf: (expression) => page.evaluate(expression),
    nameless: async () => {
      const tree = await page.accessibility.snapshot();
      const operable = new Set(['button', 'link', 'textbox', 'searchbox', 'spinbutton', 'combobox', 'checkbox']);
      const found: string[] = [];
      const visit = (node: typeof tree): void => {
        if (!node) return;
        if (operable.has(node.role) && !node.name) found.push(node.role);
        node.children?.forEach(visit);
      };
      visit(tree);
      return found;
    },
  };
  await page.goto(url);
  await fill('Token', token);
  await press('button', 'Let me in');
  await tab.untilSays('live', '.live.on');
  // Until the token was given the API refused, and the browser tells of that.
  expect(complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);
  complaints.length = 0;
  return tab;
}
