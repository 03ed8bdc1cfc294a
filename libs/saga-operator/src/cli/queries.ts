/** list, show, watch, audit, diagram. */
import { isUuid } from 'saga-core';
import type { AuditPage, Definition, SagaDetail, SagaPage, SagaSummary } from '../api/schemas/index.js';
import { formatDuration } from '../format-duration.js';
import { queryOf, requiredArgument, type Command, type Context } from './context.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';
import { outputClosedSignal } from './output.js';
import { printable, printLine, printJson, table } from './print.js';

const HEADINGS = ['SAGA', 'NAME', 'STATUS', 'AWAITS', 'ATTEMPT', 'AGE', 'LAST ERROR'];
const rowOf = ({ id, saga, status, step, attempt, ageMs, lastError }: SagaSummary) => [
  id,
  saga,
  status,
  step,
  attempt,
  formatDuration(ageMs),
  lastError && `${lastError.code}: ${lastError.message}`,
];

export const list: Command = async ({ client, options, args }) => {
  const { status, saga, step, sort, limit, cursor } = options;
  const filter = {
    minAgeSeconds: options['min-age'],
    minAttempts: options['min-attempts'],
    q: args[0] ?? options.q,
  };
  const page = await client.get<SagaPage>(
    `/sagas${queryOf({ status, saga, step, sort, limit, cursor, ...filter })}`,
    'items',
  );
  if (options.json) printJson(page);
  else if (page.items.length === 0) printLine('No saga matches.');
  else printLine(table(HEADINGS, page.items.map(rowOf)));
  if (!options.json && page.nextCursor !== null) printLine(`\nMore: the same with --cursor ${page.nextCursor}`);
  return options['exit-code'] && page.items.length > 0 ? EXIT.badNews : EXIT.ok;
};

export const show: Command = async (context) => {
  const saga = await detailOf(context);
  if (context.options.json) return printJson(saga);
  const may = Object.entries(saga.allowed).flatMap(([name, allowed]) =>
    allowed ? [name === 'giveUp' ? 'give-up' : name] : [],
  );
  const { awaited, lastError } = saga;
  printLine(
    [
      `${saga.name} ${saga.id} is ${saga.status} (version ${saga.version})`,
      ...(awaited
        ? [
            `awaits ${awaited.step}, attempt ${awaited.attempt}, ${awaited.state}` +
              (awaited.until ? ` until ${awaited.until}` : ''),
          ]
        : []),
      ...(lastError
        ? [`last error at ${lastError.step}: ${printable(`${lastError.code}: ${lastError.message}`)}`]
        : []),
      `data ${printable(saga.data)}`,
      `you can ${may.join(', ') || 'do nothing'}`,
      '',
      table(
        ['STEP', 'KIND', 'STATE', 'UNDO'],
        saga.steps.map(({ name, kind, state, undo }) => [name, kind, state, undo]),
      ),
      '',
      ...(saga.earlier > 0 ? [`${saga.earlier} earlier entries are left out: GET /sagas/${saga.id}/history`] : []),
      table(
        ['AT', 'WHAT', 'STEP', 'ATTEMPT', 'MORE'],
        saga.history.map(({ at, type, times, step, attempt, by, code, message, data }) => [
          at,
          times === undefined ? type : `${type} × ${times}`,
          step ?? null,
          attempt ?? null,
          [by, code, message, data && `data ${printable(data.after)}`].filter((part) => part !== undefined).join(': '),
        ]),
      ),
    ].join('\n'),
  );
};

export const watch: Command = async ({ client, options, args }) => {
  const id = args[0] === undefined ? undefined : wholeId(args[0]);
  const printSaga = (saga: SagaSummary): void => {
    if (options.json) return printLine(JSON.stringify(saga));
    const { updatedAt, status, step, attempt, lastError } = saga;
    const doing = step === null ? '' : ` ${step}, attempt ${attempt}`;
    printLine(
      printable(
        `${updatedAt}  ${saga.id}  ${status}${doing}${status === 'stuck' ? `: ${lastError?.message ?? ''}` : ''}`,
      ),
    );
  };
  const over = new AbortController();
  const gone = outputClosedSignal();
  const events = client.events<SagaSummary>(
    `/sagas/events${queryOf({ saga: options.saga, id })}`,
    AbortSignal.any([over.signal, gone]),
  );
  try {
    // From before the saga's state is asked for, so that no change is missed.
    let next = events.next();
    // What it throws is heard below, unless the other question throws first.
    next.catch(() => undefined);
    let end: ExitCode | null = null;
    const look = async (): Promise<void> => {
      if (id === undefined) return void process.stderr.write('More has changed than is told.\n');
      const { items } = await client.get<SagaPage>(`/sagas${queryOf({ q: id })}`, 'items');
      const now = items.find((saga) => saga.id === id);
      if (!now) throw new CliError(EXIT.notFound, `There is no saga ${id}.`);
      printSaga(now);
      end = endOf(now);
    };
    if (id !== undefined) await look();
    for (; end === null; next = events.next()) {
      const event = await next;
      if (event.done === true) break;
      if (event.value === null) {
        await look();
        continue;
      }
      printSaga(event.value);
      if (id !== undefined) end = endOf(event.value);
    }
    if (end !== null) return end;
  } finally {
    over.abort();
  }
  if (gone.aborted) return EXIT.ok;
  throw new CliError(EXIT.unavailable, 'The service has ended the stream.');
};

const endOf = ({ status }: SagaSummary): ExitCode | null => {
  if (status === 'completed') return EXIT.ok;
  return status === 'compensated' || status === 'stuck' ? EXIT.badNews : null;
};

export const audit: Command = async ({ client, options }) => {
  const { limit, cursor } = options;
  const page = await client.get<AuditPage>(`/sagas/audit${queryOf({ limit, cursor })}`, 'items');
  if (options.json) return printJson(page);
  if (page.items.length === 0) return printLine('No operator has acted.');
  const rows = page.items.map((act) => [act.at, act.operator, act.action, act.sagaId ?? act.details, act.reason]);
  printLine(table(['AT', 'WHO', 'ACTION', 'TO WHAT', 'WHY'], rows));
  if (page.nextCursor !== null) printLine(`\nMore: the same with --cursor ${page.nextCursor}`);
};

export const diagram: Command = async ({ client, options, args: [name] }) => {
  const { items } = await client.get<{ items: Definition[] }>('/sagas/definitions', 'items');
  const wanted = items.filter((definition) => name === undefined || definition.name === name);
  if (wanted.length === 0) throw new CliError(EXIT.notFound, `There is no saga named ${name ?? 'anything'}.`);
  if (options.json) return printJson(wanted);
  printLine(
    wanted.map((definition) => `%% ${definition.name} version ${definition.version}\n${definition.mermaid}`).join('\n'),
  );
};

/** @returns the saga that the command names. @throws {CliError} when it is not named by its whole id */
export async function detailOf(context: Context): Promise<SagaDetail> {
  return context.client.get<SagaDetail>(`/sagas/${wholeId(requiredArgument(context, 0, 'saga'))}`, 'status');
}

function wholeId(id: string): string {
  if (isUuid(id)) return id.toLowerCase();
  throw new CliError(EXIT.usage, `"${id}" is no saga's id: give it whole, as "saga list" shows it`);
}
