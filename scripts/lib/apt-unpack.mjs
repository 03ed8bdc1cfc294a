import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AptFailed, createPrivateApt, hasApt } from './apt-private.mjs';
import { withLock } from './lock.mjs';
import { waitFor } from './wait.mjs';

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
    await removeInterrupted(folder, signal);
    const work = fs.mkdtempSync(`${folder}${UNPACKING}`);
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

const UNPACKING = '.unpacking-';

/** A command of one that was killed may write a little longer. What cannot be removed does no harm: each has a folder of its own. */
async function removeInterrupted(folder, signal) {
  const beside = path.dirname(folder);
  const left = fs.readdirSync(beside).filter((name) => name.startsWith(path.basename(folder) + UNPACKING));
  const remove = () => {
    try {
      for (const name of left) fs.rmSync(path.join(beside, name), { recursive: true, force: true });
      return true;
    } catch (error) {
      if (error.code !== 'ENOTEMPTY') throw error;
      return false;
    }
  };
  await waitFor(remove, { timeoutMs: 30_000, signal });
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

/** @param {string} name of one of Debian's packages @returns {Promise<boolean>} whether it can be fetched here */
export async function aptFetches(name) {
  if (!(await hasApt())) return false;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'apt-lists-'));
  try {
    const apt = createPrivateApt(folder, { logFile: path.join(folder, 'log') });
    await apt.update();
    await apt.versionOf(name);
    return true;
  } catch (error) {
    if (error instanceof AptFailed) return false;
    throw error;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The folders below an unpacked root in which its shared libraries are. */
export function foldersOfLibraries(root) {
  return ['usr/lib', 'lib'].flatMap((name) => {
    const folder = path.join(root, name);
    if (!fs.existsSync(folder)) return [];
    const triplets = fs.readdirSync(folder).filter((entry) => /^[\w]+-linux-gnu/.test(entry));
    return triplets.map((triplet) => path.join(folder, triplet));
  });
}
