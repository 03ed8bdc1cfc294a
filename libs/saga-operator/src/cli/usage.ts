/** Which arguments and options each command takes: one that it would ignore, such as --dry-run, is refused. */
import { CliError, EXIT } from './exit-codes.js';

interface Usage {
  /** How many arguments may follow the command. */
  readonly args: number;
  readonly options: readonly string[];
}

/** Options without a value. */
const FLAGS = new Set(['json', 'yes', 'help', 'dry-run', 'all', 'exit-code']);
/** What every command takes. */
const COMMON = ['json', 'yes', 'by', 'help'];
const STEERING = ['reason', 'version'];
const USAGES: Readonly<Record<string, Usage>> = {
  list: {
    args: 1,
    options: ['status', 'saga', 'step', 'min-age', 'min-attempts', 'sort', 'limit', 'cursor', 'q', 'exit-code'],
  },
  show: { args: 1, options: [] },
  watch: { args: 1, options: ['saga'] },
  retry: { args: 1, options: STEERING },
  compensate: { args: 1, options: [...STEERING, 'dry-run'] },
  skip: { args: 1, options: STEERING },
  edit: { args: 1, options: [...STEERING, 'dry-run', 'payload'] },
  accept: { args: 1, options: [...STEERING, 'reply'] },
  'give-up': { args: 1, options: [...STEERING, 'dry-run'] },
  'bulk list': { args: 1, options: [] },
  'bulk show': { args: 2, options: [] },
  'bulk pause': { args: 2, options: ['reason'] },
  'bulk resume': { args: 2, options: ['reason'] },
  'bulk retry': {
    args: 1,
    options: ['saga', 'step', 'code', 'since', 'message', 'per-second', 'dry-run', 'reason'],
  },
  'dead-letters list': { args: 1, options: ['exit-code'] },
  'dead-letters show': { args: 2, options: ['limit'] },
  'dead-letters replay': { args: 3, options: ['all', 'reason'] },
  'dead-letters discard': { args: 3, options: ['all', 'reason'] },
  audit: { args: 0, options: ['limit', 'cursor'] },
  diagram: { args: 1, options: [] },
};

/** All options, as `parseArgs` of Node takes them. */
export const OPTIONS: Readonly<Record<string, { type: 'boolean' | 'string' }>> = Object.fromEntries(
  [...COMMON, ...Object.values(USAGES).flatMap(({ options }) => options)].map((name) => [
    name,
    { type: FLAGS.has(name) ? 'boolean' : 'string' },
  ]),
);

/**
 * @param command - the name of a command
 * @param args - what follows it
 * @param given - the names of the options that are given
 * @throws {CliError} for an argument too many, or an option that the command does not take
 */
export function checkUsage(command: string, args: readonly string[], given: readonly string[]): void {
  const name = command in USAGES ? command : `${command} ${args[0] ?? 'list'}`;
  const usage = USAGES[name];
  // The command itself says so.
  if (!usage) return;
  const unknown = given.find((option) => !COMMON.includes(option) && !usage.options.includes(option));
  if (unknown !== undefined) throw new CliError(EXIT.usage, `"${name}" takes no --${unknown}: see "saga --help"`);
  const extra = args[usage.args];
  if (extra !== undefined) throw new CliError(EXIT.usage, `"${name}" takes no "${extra}": see "saga --help"`);
}
