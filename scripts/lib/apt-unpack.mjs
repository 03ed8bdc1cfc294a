import fs from 'node:fs';
import path from 'node:path';
import { AptFailed, createPrivateApt, hasApt } from './apt-private.mjs';
import { withLock } from './lock.mjs';

/**
 * Takes the files out of Debian's packages, as any user and without installing them: that would start their servers.
 *
 * They are unpacked beside their place and moved there whole, so a folder that is there is complete.
 *
 * @param {string} folder where the files go; what is there is replaced
 * @param {(apt: ReturnType<typeof createPrivateApt>) => Promise<string[]>} choose names the packages; the lists are there by then
 * @param {{logFile: string, signal?: AbortSignal, finish?: (root: string) => void, isDone: () => unknown}} options `finish` changes the
 *   files before they are moved; `isDone` tells that another process was faster
 * @throws {import('./apt-private.mjs').AptFailed} when it cannot be done
 */
export async function aptUnpack(folder, choose, { logFile, signal, finish, isDone }) {
  await withLock(`${folder}.lock`, { signal }, async () => {
    if (await isDone()) return;
    const work = `${folder}.unpacking`;
    fs.rmSync(work, { recursive: true, force: true }); // of one that was interrupted
    try {
      const apt = createPrivateApt(work, { logFile, signal });
      await apt.update();
      const root = path.join(work, 'root');
      await apt.unpack(await choose(apt), root);
      finish?.(root);
      fs.rmSync(folder, { recursive: true, force: true });
      fs.renameSync(root, folder);
    } finally {
      fs.rmSync(work, { recursive: true, force: true });
    }
  });
}

/**
 * Unpacks a program for tests. @returns {Promise<boolean>} whether it is there now
 * @param {string} folder
 * @param {Parameters<typeof aptUnpack>[1]} choose
 * @param {() => Promise<boolean>} isDone
 * @param {{setupLog: string, lifetime: {signal: AbortSignal}}} context
 */
export async function unpackTool(folder, choose, isDone, { setupLog, lifetime }) {
  if (!(await hasApt())) return false;
  try {
    await aptUnpack(folder, choose, { logFile: setupLog, signal: lifetime.signal, isDone });
  } catch (error) {
    if (error instanceof AptFailed) return false;
    throw error;
  }
  return isDone();
}

/** The folders below an unpacked root in which its shared libraries are. */
export function libraryFolders(root) {
  return ['usr/lib', 'lib'].flatMap((name) => {
    const folder = path.join(root, name);
    if (!fs.existsSync(folder)) return [];
    const triplets = fs.readdirSync(folder).filter((entry) => /^[\w]+-linux-gnu/.test(entry));
    return triplets.map((triplet) => path.join(folder, triplet));
  });
}
