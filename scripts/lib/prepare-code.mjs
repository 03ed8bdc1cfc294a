import path from 'node:path';
import { build } from './build.mjs';
import { withLock } from './lock.mjs';
import { ensurePackages } from './packages.mjs';
import { startPaths } from './paths.mjs';
import { SERVICES } from './services.mjs';

/**
 * Installs the npm packages and builds, beside whatever else is going on in this process; `npm start` and `npm test` do not do it at the
 * same time.
 * @returns {{packages: Promise<void>, built: Promise<void>}} `packages` resolves earlier: when they are installed
 */
export function prepareCode({ log, signal, setupLog }) {
  let packagesDone;
  const packages = new Promise((resolve, reject) => (packagesDone = { resolve, reject }));
  packages.catch(() => {}); // whoever waits for it is told
  const onWait = ({ pid }) => log.line(`waiting for pid ${pid}, which installs or builds`);
  const built = withLock(path.join(startPaths.run, 'setup.lock'), { signal, onWait }, async () => {
    await log.task('npm packages', 'installing', () => ensurePackages({ logFile: setupLog, signal }));
    packagesDone.resolve();
    const outputs = SERVICES.map(({ entry }) => entry);
    await log.task('build', 'compiling', () => build({ outputs, logFile: setupLog, signal }));
  });
  built.catch((error) => packagesDone.reject(error));
  return { packages, built };
}
