import fs from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { toolsFolder } from './paths.mjs';

const EXTRACTED = path.join(toolsFolder, 'prometheus/usr/bin/promtool');

/** What a person can do when there is none. */
export const NO_PROMTOOL = 'promtool is needed: it comes with Prometheus';

/** @returns {Promise<string | undefined>} a promtool that starts */
export async function findPromtool() {
  for (const program of ['promtool', EXTRACTED])
    if ((await run(program, ['--version'], { timeoutMs: 20_000 })).code === 0) return program;
  return undefined;
}

/** Takes promtool out of Debian's package, without installing it: that would start a server. @returns {Promise<boolean>} whether it is there now */
export async function extractPromtool({ setupLog, lifetime }) {
  const folder = path.join(toolsFolder, 'prometheus');
  fs.mkdirSync(folder, { recursive: true });
  const options = { cwd: folder, logFile: setupLog, signal: lifetime.signal };
  if ((await run('apt-get', ['download', 'prometheus'], options)).code !== 0) return false;
  const archive = fs.readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (archive === undefined || (await run('dpkg-deb', ['-x', archive, '.'], options)).code !== 0) return false;
  fs.rmSync(path.join(folder, archive));
  return (await findPromtool()) !== undefined;
}
