/** The alert rules: they are valid, fire when they should, and ask only for what there is. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { findTestTool } from './support/test-tools.js';

const FOLDER = path.resolve('ops/prometheus');

let promtool: string;
beforeAll(async () => {
  promtool = (await findTestTool('promtool')).command;
}, 60_000);

const check = (...args: string[]) => promisify(execFile)(promtool, args, { cwd: FOLDER });

test('the rules and the configuration are valid', async () => {
  expect((await check('check', 'rules', '--lint-fatal', 'alerts.yml')).stdout).toContain('SUCCESS');
  expect((await check('check', 'config', 'prometheus.yml')).stdout).toContain('SUCCESS');
}, 60_000);

test('each alert fires after its time, and none while all is well', async () => {
  expect((await check('test', 'rules', 'alerts.test.yml')).stdout).toContain('SUCCESS');
  const rules = [...readFileSync(path.join(FOLDER, 'alerts.yml'), 'utf8').matchAll(/alert: (\w+)/g)].map(
    ([, name]) => name,
  );
  const tests = readFileSync(path.join(FOLDER, 'alerts.test.yml'), 'utf8');
  // Each stands in the test of a quiet system, and in the one where it fires.
  for (const name of rules) expect(tests.split(`alertname: ${name}`).length - 1).toBeGreaterThanOrEqual(2);
}, 60_000);
