/** The program `saga`: see and steer sagas over the operator's HTTP API. */
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { messageOf } from 'saga-core';
import { bulk } from './bulk.js';
import { connect } from './client.js';
import type { Command, Options } from './context.js';
import { deadLetters } from './dead-letters.js';
import { edit } from './edit.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';
import { HELP } from './help.js';
import { handleOutputErrors } from './output.js';
import { printable, printLine } from './print.js';
import { audit, diagram, list, show, watch } from './queries.js';
import { runningStack } from './running-stack.js';
import { accept, compensate, giveUp, retry, skip } from './actions.js';
import { checkUsage, OPTIONS } from './usage.js';

const COMMANDS = new Map<string, Command>(
  Object.entries({
    list,
    show,
    watch,
    retry,
    compensate,
    skip,
    edit,
    accept,
    'give-up': giveUp,
    bulk,
    'dead-letters': deadLetters,
    audit,
    diagram,
  }),
);
const DEFAULT_URL = 'http://127.0.0.1:8081';

async function run(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const { values, positionals } = parsed(argv);
  const [name, ...args] = positionals;
  if (values.help === true || name === undefined || name === 'help') {
    printLine(HELP);
    return name === undefined && values.help !== true ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.get(name);
  if (!command) throw new CliError(EXIT.usage, `There is no command "${name}": see "saga --help"`);
  checkUsage(name, args, Object.keys(values));
  const by = typeof values.by === 'string' ? values.by : (setting(env.SAGA_OPERATOR) ?? userName(env));
  const options: Options = { ...values, json: values.json === true, yes: values.yes === true, by };
  const given = setting(env.SAGA_URL);
  const stack = given === undefined ? runningStack(process.cwd()) : null;
  const client = connect(given ?? stack?.url ?? DEFAULT_URL, setting(env.OPERATOR_TOKEN) ?? stack?.token);
  return (await command({ client, args, options })) ?? EXIT.ok;
}

/** @returns a setting that is not just set to nothing */
const setting = (value: string | undefined): string | undefined => (value?.trim() ? value : undefined);

/** In a container, a process may run as a user that the system does not know. */
function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    return setting(env.USER) ?? setting(env.LOGNAME) ?? `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: OPTIONS,
    });
  } catch (error) {
    throw new CliError(EXIT.usage, messageOf(error));
  }
}

/** Whatever goes wrong has one of the codes that `--help` tells; Node's own, 1, would be bad news about a saga. */
function fail(error: unknown): void {
  process.stderr.write(`${printable(messageOf(error))}\n`);
  process.exitCode = error instanceof CliError ? error.exitCode : EXIT.unavailable;
}

handleOutputErrors();
process.on('uncaughtException', (error) => {
  fail(error);
  process.exit();
});
run(process.argv.slice(2), process.env).then((code) => (process.exitCode = code), fail);
