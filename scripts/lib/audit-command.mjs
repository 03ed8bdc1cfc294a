import { parseAuditArguments, UsageError } from './arguments.mjs';
import { audit } from './audit/audit.mjs';
import { reportText } from './audit/report.mjs';
import { RULES } from './audit/rules.mjs';
import { shown, startPaths } from './paths.mjs';
import { SERVICES } from './services.mjs';
import { readStackFile } from './stack-file.mjs';
import { splitUrls, withDatabase } from './urls.mjs';

const rules = Object.entries(RULES).map(([name, text]) => `  ${name.padEnd(22)} ${text}`);

const HELP = `npm run audit -- [options]

Looks whether what the four services and the broker hold fits together. It only reads, and may run at any time, also beside running sagas.

  --json          the report as JSON
  --stack <file>  the description of a running stack, ${shown(startPaths.stackFile)} unless given
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
${rules.join('\n')}`;

/**
 * `npm run audit`. It sets the exit code.
 * @param {string[]} argv
 */
export async function runAudit(argv) {
  try {
    const options = parseAuditArguments(argv);
    if (options.help) return console.log(HELP);
    const report = await audit(placesOf(options.stack ?? startPaths.stackFile));
    console.log(options.json ? JSON.stringify(report, null, 2) : reportText(report));
    process.exitCode = report.wrong.length > 0 ? 1 : 0;
  } catch (error) {
    process.exitCode = 2;
    // An AggregateError, of several addresses, has no message of its own.
    const why = error.message || error.errors?.[0]?.message || error.code;
    console.error(error instanceof UsageError ? `${why}\n\n${HELP}` : `The audit could not look: ${why}`);
  }
}

function placesOf(stackFile) {
  const { DATABASE_URL: databaseUrl, AMQP_URL: amqpUrl } = process.env;
  const stack = readStackFile(stackFile);
  const known = (value, name) => {
    if (value === undefined)
      throw new Error(`${name} is not set, and there is no ${shown(stackFile)}: npm start does not run`);
    return value;
  };
  const names = SERVICES.map(({ database }) => database);
  return {
    databases: databaseUrl
      ? Object.fromEntries(names.map((name) => [name, withDatabase(databaseUrl, name)]))
      : known(stack?.databases, 'DATABASE_URL'),
    ...(process.env.DATABASE_SCHEMA && { schema: process.env.DATABASE_SCHEMA }),
    amqpUrls: splitUrls(amqpUrl || known(stack?.amqpUrl, 'AMQP_URL')),
  };
}
