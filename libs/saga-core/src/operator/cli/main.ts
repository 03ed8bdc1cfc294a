/** The program `saga`: see and steer sagas over the operator's HTTP API. */
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { messageOf } from '../../errors.js';
import { bulk } from './bulk.js';
import { connect } from './client.js';
import type { Command, Options } from './context.js';
import { deadLetters } from './dead-letters.js';
import { edit } from './edit.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';
import { HELP } from './help.js';
import { say } from './print.js';
import { audit, diagram, list, show, watch } from './see.js';
import { runningStack } from './stack.js';
import { accept, compensate, giveUp, retry, skip } from './steer.js';

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
const FLAGS = ['json', 'yes', 'help', 'dry-run', 'all', 'exit-code'];
const VALUES = [
  ...['status', 'saga', 'step', 'min-age', 'min-attempts', 'sort', 'limit', 'cursor', 'q'],
  ...['reason', 'by', 'version', 'code', 'message', 'since', 'per-second', 'payload', 'reply'],
];
const USUAL_URL = 'http://127.0.0.1:8081';

async function run(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const { values, positionals } = parsed(argv);
  const [name, ...words] = positionals;
  if (values.help === true || name === undefined || name === 'help') {
    say(HELP);
    return name === undefined && values.help !== true ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.get(name);
  if (!command) throw new CliError(EXIT.usage, `There is no command "${name}": see "saga --help"`);
  const by = typeof values.by === 'string' ? values.by : (env.SAGA_OPERATOR ?? userInfo().username);
  const options: Options = { ...values, json: values.json === true, yes: values.yes === true, by };
  const stack = env.SAGA_URL === undefined ? runningStack(process.cwd()) : null;
  const url = env.SAGA_URL ?? stack?.url ?? USUAL_URL;
  if (!URL.canParse(url)) throw new CliError(EXIT.usage, `SAGA_URL is no URL: ${url}`);
  const client = connect(url, env.OPERATOR_TOKEN ?? stack?.token);
  return (await command({ client, words, options })) ?? EXIT.ok;
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: Object.fromEntries([
        ...FLAGS.map((flag) => [flag, { type: 'boolean' as const }]),
        ...VALUES.map((value) => [value, { type: 'string' as const }]),
      ]) as Record<string, { type: 'boolean' | 'string' }>,
    });
  } catch (error) {
    throw new CliError(EXIT.usage, messageOf(error));
  }
}

// A reader that has read enough, such as head, is no failure.
process.stdout.on('error', () => process.exit(EXIT.ok));
run(process.argv.slice(2), process.env).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = error instanceof CliError ? error.exitCode : EXIT.unavailable;
  },
);
