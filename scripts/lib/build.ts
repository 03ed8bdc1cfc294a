import fs from 'node:fs';
import path from 'node:path';
import { run } from './command.js';
import { withLock } from './lock.js';
import { tail } from './log-file.js';
import { root, startPaths } from './paths.js';
import { SERVICES } from './services.js';

export interface BuildOptions {
  readonly logFile: string;
  readonly signal: AbortSignal;
  /** Is told when another process builds in this folder, and is waited for. */
  readonly onWait?: () => void;
}

/** Compiles what has changed. */
export async function build({ logFile, signal, onWait }: BuildOptions): Promise<void> {
  const npmRun = async (script: string): Promise<void> => {
    const { code, output } = await run('npm', ['run', script, '--silent'], { cwd: root, logFile, signal });
    if (code !== 0) throw new Error(`npm run ${script} failed (code ${code}):\n${tail(output)}`);
  };
  await withLock(path.join(startPaths.run, 'build.lock'), { signal, ...(onWait && { onWait }) }, async () => {
    await npmRun('build');
    if (SERVICES.every(({ entry }) => fs.existsSync(path.join(root, entry)))) return;
    // tsc believes its .tsbuildinfo files: where somebody deleted `dist` alone it thinks that there is nothing to do.
    await npmRun('clean');
    await npmRun('build');
  });
}
