import fs from 'node:fs';
import path from 'node:path';
import { run } from './command.js';
import type { Lifetime } from './lifetime.js';
import { withLock } from './lock.js';
import type { Log } from './log.js';
import { tail } from './log-file.js';
import { root, startPaths } from './paths.js';
import { SERVICES } from './services.js';

/** Compiles what has changed; `npm start` and `npm test` do not do it at the same time. */
export async function build(log: Log, { signal }: Lifetime, logFile: string): Promise<void> {
  const npmRun = async (script: string): Promise<void> => {
    const { code, output } = await run('npm', ['run', script, '--silent'], { cwd: root, logFile, signal });
    if (code !== 0) throw new Error(`npm run ${script} failed (code ${code}):\n${tail(output)}`);
  };
  const isComplete = () => SERVICES.every(({ entry }) => fs.existsSync(path.join(root, entry)));
  const onWait = () => log.line('waiting for another npm start or npm test, which builds');
  await withLock(path.join(startPaths.run, 'build.lock'), { signal, onWait }, () =>
    log.task('build', 'compiling', async () => {
      await npmRun('build');
      if (isComplete()) return;
      // tsc believes its .tsbuildinfo files: where somebody deleted `dist` alone it thinks that there is nothing to do.
      await npmRun('clean');
      await npmRun('build');
    }),
  );
}
