/** `npm start` brings everything up, places an order, and takes everything down again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneProject } from './support/clone.js';
import { get } from './support/http.js';
import { npmStart, stillRunning } from './support/npm-start.js';

const folder = mkdtempSync(join(tmpdir(), 'start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it runs, an order is approved, and nothing is left when it ends', async () => {
  const start = npmStart(cloneProject(join(folder, 'clone')));
  try {
    await start.untilRunning();
    expect(start.output()).toMatch(/is APPROVED/);
    const stack = start.stack();
    const { body } = await get<{ orders: object[] }>(`${stack.services['order-service']!.url}/orders`);
    expect(body.orders).toHaveLength(1);
    await start.stop();
    expect(await start.exited).toBe(0);
    expect(stillRunning(stack)).toEqual([]);
  } finally {
    await start.stop();
  }
}, 400_000);
