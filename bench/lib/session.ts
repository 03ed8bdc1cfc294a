import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropForeignSettings } from '../../scripts/lib/environment.mjs';
import { createLifetime, StopRequested } from '../../scripts/lib/lifetime.mjs';
import { tryLock } from '../../scripts/lib/lock.mjs';
import { createProcessRegistry, findLeftovers } from '../../scripts/lib/process-registry.mjs';

const REST_MS = 10_000;

/** What a benchmark may start, and how it hears that all is to end. */
export interface Session {
  /** Aborted when all is to end. */
  readonly signal: AbortSignal;
  readonly registry: ReturnType<typeof createProcessRegistry>;
  readonly defer: ReturnType<typeof createLifetime>['defer'];
}

/**
 * Runs a benchmark that leaves nothing behind, however it ends: what it starts is on record, and is ended with it, or
 * by the next one when this one was killed. Only one runs in a folder.
 *
 * @returns the exit code: 0 unless `work` set another, 1 after a failure, 130 when it was interrupted
 */
export async function runSession(directory: string, work: (session: Session) => Promise<void>): Promise<number> {
  dropForeignSettings();
  const lock = tryLock(path.join(directory, 'bench.lock'));
  if (!lock.held) {
    console.error(`a benchmark runs in this folder already (pid ${lock.holder.pid})`);
    return 1;
  }
  const record = path.join(directory, 'processes.json');
  if (fs.existsSync(record)) await findLeftovers(record).stop();
  const registry = createProcessRegistry(record);
  const endAll = () => {
    registry.killAll();
    registry.close();
    lock.release();
  };
  const lifetime = createLifetime({
    onStop: () => console.log('stopping (Ctrl-C again to force it) …'),
    force: () => {
      endAll();
      process.exit(130);
    },
  });
  const { signal, defer } = lifetime;

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
  await lifetime.close((error: Error) => console.error(`while stopping: ${error.message}`));
  registry.killAll();
  await registry.untilEnded();
  endAll();
  return exitCode;
}
