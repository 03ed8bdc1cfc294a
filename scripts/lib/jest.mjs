import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './paths.mjs';
import { signalGroup, signalProcess } from './process-registry.mjs';

const OWN_WORKERS = /^(-w|-i|--maxWorkers|--runInBand)(=|$)/;
const WATCHES = /^--watch(All)?$/;
const END_MS = 15_000;
const REPORTER = fileURLToPath(new URL('jest-completion-reporter.cjs', import.meta.url));
const SEQUENCER = fileURLToPath(new URL('jest-sequencer.cjs', import.meta.url));

/**
 * The command line for Jest.
 * @param {{projects: string[], jestArguments: string[]}} options
 */
export function jestCommandLine({ projects, jestArguments }) {
  // Fault tests take turns: they kill, flood and measure how long it takes to recover.
  const alone = projects.includes('faults') && !jestArguments.some((argument) => OWN_WORKERS.test(argument));
  // --selectProjects swallows every word up to the next option, so it comes last.
  return [...jestArguments, ...(alone ? ['--runInBand'] : []), '--selectProjects', ...projects];
}

/**
 * Runs Jest on this terminal.
 *
 * When tests leave something open (a connection, a server) Jest waits for it, for ever. Such a run ends here after a while, and has failed.
 *
 * @returns {{exited: Promise<number>, stop(): Promise<void>}} `exited` gives the exit code
 */
export function startJest({ projects, jestArguments, env, registry, log }) {
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  const reporters = jestArguments.some((argument) => argument.startsWith('--reporters')) ? [] : ['--reporters=default'];
  // --reporters swallows every word up to the next option too: a path that follows must not become a reporter.
  const own = [...reporters, `--reporters=${REPORTER}`, `--testSequencer=${SEQUENCER}`, '--config', 'jest.config.cjs'];
  // A process group of its own: what the tests start and do not stop can be ended with it. Only keys for --watch need the terminal's group.
  const watches = jestArguments.some((argument) => WATCHES.test(argument));
  const child = spawn(process.execPath, [jest, ...own, ...jestCommandLine({ projects, jestArguments })], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: !watches,
    env: { ...process.env, ...env },
  });
  const { pid } = child;
  if (pid !== undefined) registry.add({ name: 'Jest', pid });

  let left = false;
  let timer;
  const end = (signal) => (watches ? signalProcess(pid, signal) : signalGroup(pid, signal));
  const onCompletion = () => {
    timer = setTimeout(() => {
      left = true;
      log.line(
        'Jest does not end: a test left something open (npm test -- --detectOpenHandles shows what). Ending it; the run has failed.',
      );
      end('SIGKILL');
    }, END_MS);
  };
  if (!watches) child.once('message', onCompletion);

  const exited = new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => {
      clearTimeout(timer);
      if (!watches) signalGroup(pid, 'SIGKILL');
      registry.remove(pid);
      resolve(left ? 1 : (code ?? 1));
    });
  });
  return {
    exited,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      end('SIGTERM');
      const patience = setTimeout(() => end('SIGKILL'), 10_000);
      await exited;
      clearTimeout(patience);
    },
  };
}
