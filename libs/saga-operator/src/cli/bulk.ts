/** bulk: retry, list, show, pause, resume. */
import type { BulkOperation, SagaSummary } from '../api/schemas/index.js';
import { confirm, numberOf, operatorOf, requiredArgument, type Command, type Context } from './context.js';
import { CliError, EXIT } from './exit-codes.js';
import { printable, printLine, printJson, table } from './print.js';

const PATH = '/sagas/bulk-operations';

export const bulk: Command = async (context) => {
  const [action = 'list'] = context.args;
  switch (action) {
    case 'retry':
      return retry(context);
    case 'list':
      return list(context);
    case 'show':
      return printOperation(context, await context.client.get<BulkOperation>(`${PATH}/${idOf(context)}`, 'status'));
    case 'pause':
    case 'resume':
      return printOperation(
        context,
        await context.client.post<BulkOperation>(`${PATH}/${idOf(context)}/${action}`, operatorOf(context), 'status'),
      );
    default:
      throw new CliError(EXIT.usage, `There is no "bulk ${action}": see "saga --help"`);
  }
};

const idOf = (context: Context): string => encodeURIComponent(requiredArgument(context, 1, 'bulk operation'));

async function retry(context: Context): Promise<void> {
  const { client, options } = context;
  const { saga, step, code, message, since } = options;
  const perSecond = numberOf(context, 'per-second');
  const body = {
    ...operatorOf(context),
    action: 'retry',
    filter: { status: 'stuck', saga, step, code, message, since },
    ...(perSecond === undefined ? {} : { perSecond }),
  };
  const dry = await client.post<{ matches: number; sample: SagaSummary[] }>(PATH, { ...body, dryRun: true }, 'matches');
  if (options['dry-run'] && options.json) return printJson(dry);
  if (!options.json) {
    const sample = dry.sample.map(({ id, step: at, lastError }) => [id, at, lastError?.message ?? null]);
    printLine(`${dry.matches} stuck sagas match${dry.matches === 0 ? '.' : ', such as'}`);
    if (sample.length > 0) printLine(table(['SAGA', 'STUCK AT', 'LAST ERROR'], sample));
  }
  if (options['dry-run']) return;
  await confirm(context, `Retry ${dry.matches} sagas?`);
  printOperation(context, await client.post<BulkOperation>(PATH, body, 'status'));
}

async function list({ client, options }: Context): Promise<void> {
  const operations = await client.get<{ items: BulkOperation[] }>(PATH, 'items');
  if (options.json) return printJson(operations);
  if (operations.items.length === 0) return printLine('There is no bulk operation.');
  const rows = operations.items.map(({ id, status, matched, done, failed, operator, filter }) => [
    id,
    status,
    `${done + failed}/${matched}`,
    failed,
    operator,
    filter,
  ]);
  printLine(table(['OPERATION', 'STATUS', 'DONE', 'FAILED', 'WHO', 'WHICH'], rows));
}

function printOperation({ options }: Context, operation: BulkOperation): void {
  if (options.json) return printJson(operation);
  const { id, status, matched, done, failed, failures } = operation;
  printLine(`bulk operation ${id} is ${status}: ${done} of ${matched} retried, ${failed} could not be`);
  for (const { sagaId, message } of failures) printLine(`  ${sagaId}: ${printable(message)}`);
}
