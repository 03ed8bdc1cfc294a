/** The command line of the audit. */
import { parseArgs } from 'node:util';
import { audit } from './audit.js';
import { findPlaces } from './places.js';
import { reportText } from './report.js';
import { RULES } from './rules.js';

const STACK_FILE = '.local/run/stack.json';

const rules = Object.entries(RULES).map(([name, text]) => `  ${name.padEnd(22)} ${text}`);

const HELP = `npm run audit -- [options]

Looks whether what the four services and the broker hold fits together. It only reads, and may
run at any time, also beside running sagas.

  --json          the report as JSON
  --stack <file>  the description of a running stack, ${STACK_FILE} unless given
  --help          this text

Environment
  DATABASE_URL    the PostgreSQL server of the services, as for npm start
  DATABASE_SCHEMA the schema that has their tables, as for the services; public unless set
  AMQP_URL        their RabbitMQ, as for npm start
What is not given is taken from the stack that npm start runs.

Exit code
  0  nothing is wrong; dead letters and stuck sagas are told, and may need you
  1  something is wrong: the report has the ids
  2  it could not look

What must be so
${rules.join('\n')}
`;

/** What the command gives back to whoever started it. */
interface Result {
  readonly exitCode: 0 | 1 | 2;
  readonly stdout?: string;
  readonly stderr?: string;
}

/**
 * Runs the command.
 *
 * @param argv - what follows `npm run audit --`
 * @returns what to print, and the exit code; nothing is thrown
 */
export async function runAudit(argv: readonly string[], environment: Readonly<NodeJS.ProcessEnv>): Promise<Result> {
  let options;
  try {
    options = parseOptions(argv);
  } catch (error) {
    return { exitCode: 2, stderr: `${reasonOf(error)}\n\n${HELP}` };
  }
  if (options.help) return { exitCode: 0, stdout: HELP };
  try {
    const report = await audit(findPlaces(environment, options.stack));
    const stdout = options.json ? JSON.stringify(report, null, 2) : reportText(report);
    return { exitCode: report.wrong.length > 0 ? 1 : 0, stdout: `${stdout}\n` };
  } catch (error) {
    return { exitCode: 2, stderr: `The audit could not look: ${reasonOf(error)}\n` };
  }
}

const parseOptions = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      json: { type: 'boolean', default: false },
      stack: { type: 'string', default: STACK_FILE },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;

/** An AggregateError, of several addresses, has no message of its own. */
function reasonOf(error: unknown): string {
  const { message, errors, code } = error as { message: string; errors?: { message: string }[]; code?: string };
  return message === '' ? (errors?.[0]?.message ?? code ?? String(error)) : message;
}
