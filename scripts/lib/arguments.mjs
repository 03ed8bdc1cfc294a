/** A command line that the command does not understand. */
export class UsageError extends Error {}

/**
 * @param {string[]} argv what follows `npm start --`
 * @returns {{fresh: boolean, embedded: boolean, help: boolean}}
 */
export function parseStartArguments(argv) {
  const options = { fresh: false, embedded: false, help: false };
  for (const argument of argv) {
    if (argument === '--fresh') options.fresh = true;
    else if (argument === '--embedded') options.embedded = true;
    else if (argument === '--help' || argument === '-h') options.help = true;
    else throw new UsageError(`unknown argument: ${argument}`);
  }
  return options;
}

const PROJECTS = ['unit', 'int', 'e2e', 'faults'];
/** What runs when none is named: faults are a command of their own. */
const USUAL_PROJECTS = ['unit', 'int', 'e2e'];

/**
 * The flags of ours are taken out, all others go to Jest as they are.
 * @param {string[]} argv what follows `npm test --`
 * @returns {{projects: string[], embedded: boolean, help: boolean, jestArguments: string[]}}
 */
export function parseTestArguments(argv) {
  const options = { projects: [], embedded: false, help: false, jestArguments: [] };
  for (const argument of argv) {
    const project = PROJECTS.find((name) => argument === `--${name}`);
    if (project !== undefined) options.projects.push(project);
    else if (argument === '--embedded') options.embedded = true;
    else if (argument === '--help' || argument === '-h') options.help = true;
    else if (argument.startsWith('--forceExit'))
      throw new UsageError('--forceExit would hide what a test leaves open; see --detectOpenHandles');
    else options.jestArguments.push(argument);
  }
  if (options.projects.length === 0) options.projects = [...USUAL_PROJECTS];
  return options;
}
