import path from 'node:path';
import { startProcess, type ManagedProcess } from './managed-process.js';
import { root } from './paths.js';
import type { ProcessRegistry } from './process-registry.js';

const PROJECTS = ['unit', 'int', 'e2e', 'faults'];
/** What runs when none is named: faults are a command of their own. */
const USUAL_PROJECTS = ['unit', 'int', 'e2e'];
const OWN_WORKERS = /^(-w|-i|--maxWorkers|--runInBand)(=|$)/;

export interface TestArguments {
  readonly projects: readonly string[];
  readonly embedded: boolean;
  readonly help: boolean;
  readonly jestArguments: readonly string[];
}

/** Takes the flags of `npm test` out of what follows `npm test --`; all others go to Jest as they are. */
export function parseTestArguments(argv: readonly string[]): TestArguments {
  if (argv.some((argument) => argument.startsWith('--forceExit')))
    throw new Error('--forceExit would hide what a test leaves open; see --detectOpenHandles');
  const named = PROJECTS.filter((name) => argv.includes(`--${name}`));
  const own = new Set([...PROJECTS.map((name) => `--${name}`), '--embedded', '--help', '-h']);
  return {
    projects: named.length > 0 ? named : USUAL_PROJECTS,
    embedded: argv.includes('--embedded'),
    help: argv.includes('--help') || argv.includes('-h'),
    jestArguments: argv.filter((argument) => !own.has(argument)),
  };
}

type JestArguments = Pick<TestArguments, 'projects' | 'jestArguments'>;

/** @returns the command line for Jest */
export function jestCommandLine({ projects, jestArguments }: JestArguments): string[] {
  // Fault tests take turns: they kill, flood and measure how long it takes to recover.
  const alone = projects.includes('faults') && !jestArguments.some((argument) => OWN_WORKERS.test(argument));
  // --selectProjects swallows every word up to the next option, so it comes last.
  return [...jestArguments, ...(alone ? ['--runInBand'] : []), '--selectProjects', ...projects];
}

/** Runs Jest on this terminal. It leads a process group: what tests start and do not stop is ended with it. */
export async function startJest(
  options: JestArguments,
  env: Readonly<Record<string, string>>,
  registry: ProcessRegistry,
): Promise<ManagedProcess> {
  const own = (file: string): string => path.join(root, 'scripts/lib', file);
  const isReported = options.jestArguments.some((argument) => argument.startsWith('--reporters'));
  // --reporters swallows every word up to the next option too: a path that follows must not become a reporter.
  const reporters = [
    ...(isReported ? [] : ['--reporters=default']),
    `--reporters=${own('jest-completion-reporter.cjs')}`,
  ];
  const sequencer = `--testSequencer=${own('jest-sequencer.cjs')}`;
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  const args = [jest, ...reporters, sequencer, '--config', 'jest.config.cjs', ...jestCommandLine(options)];
  return startProcess({
    name: 'Jest',
    command: process.execPath,
    args,
    cwd: root,
    env: { ...process.env, ...env },
    logFile: null,
    registry,
  });
}
