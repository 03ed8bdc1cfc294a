/** JSON that an option gives: in a file, or on standard input. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { messageOf } from 'saga-core';
import type { Context } from './context.js';
import { CliError, EXIT } from './exit-codes.js';

/** The file's name that stands for standard input. */
const STANDARD_INPUT = '-';

/** @returns the JSON that an option names. @throws {CliError} when it cannot be read, or is no JSON */
export async function jsonOf({ options }: Context, option: 'payload' | 'reply'): Promise<unknown> {
  const file = options[option];
  if (typeof file !== 'string')
    throw new CliError(EXIT.usage, `Say with which ${option}: --${option} FILE, or --${option} - for standard input`);
  const name = file === STANDARD_INPUT ? 'Standard input' : file;
  const given = await (file === STANDARD_INPUT ? text(process.stdin) : readFile(file, 'utf8')).catch(
    (error: unknown) => {
      throw new CliError(EXIT.usage, `${name} cannot be read: ${messageOf(error)}`);
    },
  );
  try {
    return JSON.parse(given);
  } catch (error) {
    throw new CliError(EXIT.usage, `${name} is no JSON: ${messageOf(error)}`);
  }
}
