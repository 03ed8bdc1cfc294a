import { setMaxListeners } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropForeignSettings } from '../../scripts/lib/environment.js';
import { Lifetime, StopRequested } from '../../scripts/lib/lifetime.js';
import { tryLock } from '../../scripts/lib/lock.js';
import { findLeftovers, ProcessRegistry } from '../../scripts/lib/process-registry.js';

const REST_MS = 10_000;

/** What a benchmark may start, and how it hears that all is to end. */
export interface Session {
  /** Aborted when all is to end. */
  readonly signal: AbortSignal;
  readonly registry: ProcessRegistry;
  readonly defer: Lifetime['defer'];
}

/**
 * Runs a benchmark that leaves nothing behind, however it ends: what it starts is on record, and is ended with it, or
 * by the next one when this one was killed. Only one runs in a folder.
 *
 * @returns the exit code: 0 unless `work` set another, 1 after a failure, 130 when it was interrupted
 */
export async function runSession(directory: string, work: (session: Session) => Promise<void>): Promise<number> {
  dropForeignSettings();
  const unlock = await tryLock(path.join(directory, 'bench.lock'));
  if (unlock === undefined) {
    console.error('a benchmark runs in this folder already');
    return 1;
  }
  const record = path.join(directory, 'processes.json');
  if (fs.existsSync(record)) await findLeftovers(record).stop();
  const registry = new ProcessRegistry(record);
  const endAll = () => {
    registry.killAll();
    registry.close();
  };
  const lifetime = new Lifetime({
    onStop: () => console.log('stopping (Ctrl-C again to force it) …'),
    force: () => {
      endAll();
      process.exit(130);
    },
  });
  const { signal } = lifetime;
  setMaxListeners(100, signal); // whatever is started or waited for listens to it
  const defer: Session['defer'] = (phase, undo) => lifetime.defer(phase, undo);

  let exitCode: number;
  const working = work({ signal, registry, defer });
  try {
    await Promise.race([working, lifetime.ended()]);
    signal.throwIfAborted();
    exitCode = Number(process.exitCode ?? 0);
  } catch (error) {
    exitCode = error instanceof StopRequested ? 130 : 1;
    if (exitCode === 1) console.error(error);
    lifetime.fail(error);
  }
  // What is being started comes to rest first, so that it is known; it heeds the signal, and without the load nothing
  // is measured.
  registry.killAll({ except: 'servers' });
  await Promise.race([working.catch(() => undefined), sleep(REST_MS)]);
  await lifetime.close((error) => console.error(`while stopping: ${error.message}`));
  registry.killAll();
  await registry.untilEnded();
  endAll();
  await unlock();
  return exitCode;
}
