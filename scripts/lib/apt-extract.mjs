import fs from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';

/**
 * Takes the files out of Debian's packages, without installing them: that would start their servers.
 *
 * @param {string[]} names of the packages
 * @param {string} folder where the files go
 * @param {{setupLog: string, lifetime: {signal: AbortSignal}}} context
 * @returns {Promise<boolean>} whether that could be done
 */
export async function aptExtract(names, folder, { setupLog, lifetime }) {
  fs.mkdirSync(folder, { recursive: true });
  const options = { cwd: folder, logFile: setupLog, signal: lifetime.signal };
  if ((await run('apt-get', ['download', ...names], options)).code !== 0) return false;
  for (const archive of fs.readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    if ((await run('dpkg-deb', ['-x', archive, '.'], options)).code !== 0) return false;
    fs.rmSync(path.join(folder, archive));
  }
  return true;
}
