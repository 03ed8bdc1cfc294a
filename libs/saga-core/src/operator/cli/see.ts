/** list, show, watch, audit, diagram. */
import type { Acts, Definition, SagaDetail, SagaPage, SagaSummary } from '../schemas/index.js';
import { queryOf, word, type Command, type Context } from './context.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';
import { plain, say, sayJson, span, table } from './print.js';

const HEADINGS = ['SAGA', 'NAME', 'STATUS', 'AWAITS', 'ATTEMPT', 'AGE', 'LAST ERROR'];
const rowOf = ({ id, saga, status, step, attempt, ageMs, lastError }: SagaSummary) => [
  id,
  saga,
  status,
  step,
  attempt,
  span(ageMs),
  lastError && `${lastError.code}: ${lastError.message}`,
];

export const list: Command = async ({ client, options, words }) => {
  const { status, saga, step, sort, limit, cursor } = options;
  const filter = {
    minAgeSeconds: options['min-age'],
    minAttempts: options['min-attempts'],
    q: words[0] ?? options.q,
  };
  const page = await client.get<SagaPage>(`/sagas${queryOf({ status, saga, step, sort, limit, cursor, ...filter })}`);
  if (options.json) sayJson(page);
  else if (page.items.length === 0) say('No saga matches.');
  else say(table(HEADINGS, page.items.map(rowOf)));
  if (!options.json && page.nextCursor !== null) say(`\nMore: the same with --cursor ${page.nextCursor}`);
  return options['exit-code'] && page.items.length > 0 ? EXIT.badNews : EXIT.ok;
};

export const show: Command = async (context) => {
  const saga = await detailOf(context);
  if (context.options.json) return sayJson(saga);
  const may = Object.entries(saga.allowed).flatMap(([name, allowed]) =>
    allowed ? [name === 'giveUp' ? 'give-up' : name] : [],
  );
  const { awaited, lastError } = saga;
  say(
    [
      `${saga.name} ${saga.id} is ${saga.status} (version ${saga.version})`,
      ...(awaited
        ? [
            `awaits ${awaited.step}, attempt ${awaited.attempt}, ${awaited.state}${awaited.until ? ` until ${awaited.until}` : ''}`,
          ]
        : []),
      ...(lastError ? [`last error at ${lastError.step}: ${plain(`${lastError.code}: ${lastError.message}`)}`] : []),
      `data ${plain(saga.data)}`,
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
          [by, code, message, data && `data ${plain(data.after)}`].filter((part) => part !== undefined).join(': '),
        ]),
      ),
    ].join('\n'),
  );
};

export const watch: Command = async ({ client, options, words: [id] }) => {
  const tell = (saga: SagaSummary): void => {
    if (options.json) return say(JSON.stringify(saga));
    const { updatedAt, status, step, attempt, lastError } = saga;
    const doing = step === null ? '' : ` ${step}, attempt ${attempt}`;
    say(
      plain(`${updatedAt}  ${saga.id}  ${status}${doing}${status === 'stuck' ? `: ${lastError?.message ?? ''}` : ''}`),
    );
  };
  const events = client.events<SagaSummary>(`/sagas/events${queryOf({ saga: options.saga, id })}`);
  if (id === undefined)
    for await (const saga of events)
      if (saga) tell(saga);
      else process.stderr.write('More has changed than is told.\n');
  else {
    // From before its state is asked for, so that no change is missed.
    const first = events.next();
    const look = async (): Promise<SagaSummary> => {
      const found = (await client.get<SagaPage>(`/sagas${queryOf({ q: id })}`)).items;
      const saga = found.find((each) => each.id === id.toLowerCase());
      if (!saga) throw new CliError(EXIT.notFound, `There is no saga ${id}.`);
      return saga;
    };
    const now = await look();
    tell(now);
    let end = endOf(now);
    for (let next = first; end === null; next = events.next()) {
      const event = await next;
      if (event.done === true) break;
      const saga = event.value ?? (await look());
      tell(saga);
      end = endOf(saga);
    }
    if (end !== null) process.exit(end);
  }
  throw new CliError(EXIT.unavailable, 'The service has ended the stream.');
};

const endOf = ({ status }: SagaSummary): ExitCode | null => {
  if (status === 'completed') return EXIT.ok;
  return status === 'compensated' || status === 'stuck' ? EXIT.badNews : null;
};

export const audit: Command = async ({ client, options }) => {
  const { limit, cursor } = options;
  const page = await client.get<Acts>(`/sagas/audit${queryOf({ limit, cursor })}`);
  if (options.json) return sayJson(page);
  if (page.items.length === 0) return say('No operator has acted.');
  const rows = page.items.map((act) => [act.at, act.operator, act.action, act.sagaId ?? act.details, act.reason]);
  say(table(['AT', 'WHO', 'ACTION', 'TO WHAT', 'WHY'], rows));
  if (page.nextCursor !== null) say(`\nMore: the same with --cursor ${page.nextCursor}`);
};

export const diagram: Command = async ({ client, options, words: [name] }) => {
  const { items } = await client.get<{ items: Definition[] }>('/sagas/definitions');
  const wanted = items.filter((definition) => name === undefined || definition.name === name);
  if (wanted.length === 0) throw new CliError(EXIT.notFound, `There is no saga named ${name ?? 'anything'}.`);
  if (options.json) return sayJson(wanted);
  say(
    wanted.map((definition) => `%% ${definition.name} version ${definition.version}\n${definition.mermaid}`).join('\n'),
  );
};

const WHOLE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @returns the saga that the command names. @throws {CliError} when it is not named by its whole id */
export async function detailOf(context: Context): Promise<SagaDetail> {
  const id = word(context, 0, 'saga');
  if (!WHOLE_ID.test(id))
    throw new CliError(EXIT.usage, `"${plain(id)}" is no saga's id: give it whole, as "saga list" shows it`);
  return context.client.get<SagaDetail>(`/sagas/${id}`);
}
