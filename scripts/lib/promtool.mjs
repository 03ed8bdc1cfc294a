import path from 'node:path';
import { unpackTool } from './apt-unpack.mjs';
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
export async function extractPromtool(context) {
  const isDone = async () => (await findPromtool()) !== undefined;
  return unpackTool(path.join(toolsFolder, 'prometheus'), async () => ['prometheus'], isDone, context);
}
