/** What Docker is asked for: a program stands in its place that notes it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { composeDown, composeUp, dockerAnswers } from './lib/docker.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'docker-test-'));
const record = path.join(folder, 'compose.json');
const usualPath = process.env.PATH;
beforeEach(() => {
  process.env.PATH = `${folder}:${usualPath}`;
  fs.rmSync(path.join(folder, 'asked'), { force: true });
});
afterEach(() => void (process.env.PATH = usualPath));
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Makes a `docker` that notes its arguments and one of its settings, says something, and ends with this code. */
function standIn(says: string, code: number): void {
  const script = `#!/bin/sh\necho "$* $POSTGRES_PORT" >> ${folder}/asked\necho "${says}"\nexit ${code}\n`;
  fs.writeFileSync(path.join(folder, 'docker'), script, { mode: 0o755 });
}
const asked = (): string[] => fs.readFileSync(path.join(folder, 'asked'), 'utf8').trim().split('\n');

test('Docker is there when its engine answers and it has Compose', async () => {
  standIn('27.3.1', 0);
  assert.equal(await dockerAnswers(), true);
  standIn('Cannot connect to the Docker daemon', 1);
  assert.equal(await dockerAnswers(), false);
});

test.each([
  [false, 'stop'],
  [true, 'down --volumes --timeout 1'],
])('containers are on record until they are stopped (data deleted: %s)', async (discard, stops) => {
  standIn('up', 0);
  const env = { ...process.env, POSTGRES_PORT: '5442' };
  await composeUp(record, { name: 'a-project', discard }, ['rabbitmq', 'postgres'], { env });
  assert.equal(fs.existsSync(record), true);
  await composeDown(record); // as the next run does it when this one was killed
  assert.deepEqual(asked(), [
    'compose --project-name a-project up --detach --wait rabbitmq postgres 5442',
    `compose --project-name a-project ${stops}`,
  ]);
  assert.equal(fs.existsSync(record), false);
  await composeDown(record); // there is nothing left to stop
  assert.equal(asked().length, 2);
});

test('what Compose could not do is said in its own words', async () => {
  standIn('port is already allocated', 1);
  const starting = composeUp(record, { name: 'a-project', discard: false }, ['postgres'], {});
  await assert.rejects(starting, /docker compose up failed \(code 1\): port is already allocated/);
});
