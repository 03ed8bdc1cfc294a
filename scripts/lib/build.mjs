import fs from 'node:fs';
import path from 'node:path';
import { tail } from './command.mjs';
import { runNpm } from './packages.mjs';
import { root, shown } from './paths.mjs';

/**
 * Compiles what has changed.
 * @param {{outputs?: string[], logFile: string, signal?: AbortSignal}} options `outputs` are files that must be there afterwards
 */
export async function build({ outputs = [], logFile, signal }) {
  await npmRunBuild({ logFile, signal });
  const missing = () => outputs.filter((file) => !fs.existsSync(path.join(root, file)));
  if (missing().length > 0) {
    // tsc believes its .tsbuildinfo files: where somebody deleted `dist` alone it thinks that there is nothing to do.
    await runNpm(['run', 'clean', '--silent'], { logFile, signal });
    await npmRunBuild({ logFile, signal });
  }
  if (missing().length > 0)
    throw new Error(`npm run build did not make ${missing().join(', ')} (see ${shown(logFile)})`);
}

async function npmRunBuild({ logFile, signal }) {
  const { code, output } = await runNpm(['run', 'build', '--silent'], { logFile, signal });
  if (code !== 0) throw new Error(`npm run build failed (code ${code}):\n${tail(output)}`);
}
