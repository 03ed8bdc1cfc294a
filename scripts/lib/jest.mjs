import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from './paths.mjs';

const OWN_WORKERS = /^(-w|-i|--maxWorkers|--runInBand)(=|$)/;

/**
 * The command line for Jest.
 * @param {{projects: string[], jestArguments: string[]}} options
 */
export function jestCommandLine({ projects, jestArguments }) {
  // Tests with servers and processes behind them take turns: in parallel they would mostly measure each other.
  const alone =
    projects.some((project) => project !== 'unit') && !jestArguments.some((argument) => OWN_WORKERS.test(argument));
  // --selectProjects swallows every word up to the next option, so it comes last.
  return [...jestArguments, ...(alone ? ['--runInBand'] : []), '--selectProjects', ...projects];
}

/**
 * Runs Jest on this terminal.
 * @returns {{exited: Promise<number>, stop(): Promise<void>}} `exited` gives Jest's exit code
 */
export function startJest({ projects, jestArguments, env }) {
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  const args = [jest, '--config', 'jest.config.cjs', ...jestCommandLine({ projects, jestArguments })];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  const exited = new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
  return {
    exited,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(timer);
    },
  };
}
