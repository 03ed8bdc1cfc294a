/** What a command of the program gets, and what commands share. */
import { createInterface } from 'node:readline/promises';
import type { Client } from './client.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';

export interface Options {
  readonly json: boolean;
  readonly yes: boolean;
  readonly by: string;
  readonly [name: string]: string | boolean | undefined;
}

export interface Context {
  readonly client: Client;
  /** What follows the command, without options. */
  readonly args: readonly string[];
  readonly options: Options;
}
export type Command = (context: Context) => Promise<ExitCode | void>;

/** @returns the argument at this index. @throws {CliError} when it is missing */
export function requiredArgument({ args }: Context, index: number, what: string): string {
  const given = args[index];
  if (given === undefined) throw new CliError(EXIT.usage, `Say which ${what}: see "saga --help"`);
  return given;
}

/** @returns who does it and why, for the record. @throws {CliError} without a reason */
export function operatorOf({ options }: Context): { operator: string; reason: string } {
  const { by, reason } = options;
  // It changes nothing, and is not recorded.
  if (options['dry-run'] === true) return { operator: by, reason: 'to see what it would do' };
  if (typeof reason !== 'string' || reason.trim() === '')
    throw new CliError(EXIT.usage, 'Say why, for the record: --reason "the kitchen is back"');
  return { operator: by, reason };
}

/** @returns a query of those options that are given */
export function queryOf(values: Readonly<Record<string, string | boolean | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

/** @returns the value of an option that is a whole number, or undefined. @throws {CliError} for another value */
export function numberOf({ options }: Context, name: string): number | undefined {
  const given = options[name];
  if (typeof given !== 'string') return undefined;
  if (!/^\d+$/.test(given)) throw new CliError(EXIT.usage, `--${name} must be a whole number`);
  return Number(given);
}

/** Asks on a terminal whether to go on. @throws {CliError} unless that was confirmed */
export async function confirm({ options }: Context, question: string): Promise<void> {
  if (options.yes) return;
  // What was read to its end, for a payload, gives no answer any more.
  if (!process.stdin.isTTY || process.stdin.readableEnded)
    throw new CliError(EXIT.usage, `${question} Confirm with --yes.`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ctrl-D, or Ctrl-C, is an answer too: without one the program would end as if it had done it.
    const none = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(`${question} [y/N] `).catch(() => ''), none]);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(EXIT.refused, 'Nothing was done.');
  } finally {
    lines.close();
  }
}
