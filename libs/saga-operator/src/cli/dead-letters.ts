/** dead-letters: list, show, replay, discard. */
import type { DeadLetter } from '../api/schemas/index.js';
import { confirm, operatorOf, queryOf, requiredArgument, type Command, type Context } from './context.js';
import { CliError, EXIT } from './exit-codes.js';
import { printable, printLine, printJson, table } from './print.js';

interface Queues {
  readonly items: { queue: string; count: number; consumers: number | null }[];
}
interface Letters {
  readonly items: DeadLetter[];
  readonly count: number;
}

export const deadLetters: Command = async (context) => {
  const [action = 'list'] = context.args;
  switch (action) {
    case 'list':
      return list(context);
    case 'show':
      return show(context);
    case 'replay':
    case 'discard':
      return settle(context, action);
    default:
      throw new CliError(EXIT.usage, `There is no "dead-letters ${action}": see "saga --help"`);
  }
};

/** @returns the queue whose letters are meant, also when it is called by the name of the one in which they lie */
const queueOf = (context: Context): string => requiredArgument(context, 1, 'queue').replace(/\.dead$/, '');

async function list({ client, options }: Context) {
  const queues = await client.get<Queues>('/dead-letters', 'items');
  if (options.json) printJson(queues);
  else
    printLine(
      table(
        ['QUEUE', 'DEAD LETTERS', 'CONSUMERS'],
        queues.items.map(({ queue, count, consumers }) => [queue, count, consumers]),
      ),
    );
  return options['exit-code'] && queues.items.some(({ count }) => count > 0) ? EXIT.badNews : EXIT.ok;
}

async function show(context: Context): Promise<void> {
  const { client, options } = context;
  const path = `/dead-letters/${encodeURIComponent(queueOf(context))}`;
  const letters = await client.get<Letters>(`${path}${queryOf({ limit: options.limit })}`, 'items');
  if (options.json) return printJson(letters);
  if (letters.items.length === 0) return printLine('No dead letter lies there.');
  const parts = letters.items.map(({ id, cause, detail, routingKey, correlationId, replayable, body }) =>
    [
      `${id}  ${printable(cause)}${replayable ? '' : '  (cannot be replayed: it does not say where it belongs)'}`,
      `  ${printable(detail)}`,
      `  ${printable(routingKey)}  ${printable(correlationId ?? 'of no command')}`,
      `  ${printable(body)}`,
    ].join('\n'),
  );
  printLine(`${parts.join('\n\n')}\n\n${letters.items.length} of ${letters.count}`);
}

async function settle(context: Context, action: 'replay' | 'discard'): Promise<void> {
  const { client, options } = context;
  const queue = queueOf(context);
  const id = context.args[2];
  if ((id === undefined) !== (options.all === true))
    throw new CliError(EXIT.usage, 'Name one letter by its id, or say --all');
  const who = operatorOf(context);
  if (action === 'discard') await confirm(context, `Throw away ${id ?? `all dead letters of ${queue}`} for good?`);
  const result = await client.post<{ done: number; kept: number }>(
    `/dead-letters/${encodeURIComponent(queue)}/${action}`,
    { ...who, ...(id === undefined ? {} : { id }) },
    'done',
  );
  if (options.json) printJson(result);
  else printLine(`${result.done} ${action === 'replay' ? 'sent again' : 'thrown away'}, ${result.kept} kept`);
  if (result.kept > 0)
    throw new CliError(EXIT.refused, 'Some stay: no queue takes them, or they say not where they belong.');
}
