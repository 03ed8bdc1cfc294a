/** All sagas that match, as lines. */
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, type ListedSaga, type ListFilter, type ListPlace, listSagas } from 'saga-core/admin';
import { OperatorProblem } from './operator-problem.js';
import { summaryOf } from './saga-summary.js';
import type { SagaSummary } from './schemas/index.js';

const PAGE = 200;
const MOST_REST_MS = 1_000;
const COLUMNS = [
  'id',
  'saga',
  'definitionVersion',
  'version',
  'status',
  'step',
  'direction',
  'attempt',
  'state',
  'until',
  'ageMs',
  'startedAt',
  'updatedAt',
  'endedAt',
  'lastError',
  'data',
] as const satisfies (keyof SagaSummary)[];

/** How long a reader may take nothing, in milliseconds; then its export is ended, for others wait for their turn. */
const PATIENCE_MS = 30_000;

/** One export at a time, and each rests as long as it worked: whoever places an order must not notice. */
export class Exports<Db> {
  private readonly database: Database<Db>;
  private running = false;

  constructor(database: Database<Db>) {
    this.database = database;
  }

  /**
   * @returns a stream that reads a page when the one before was taken, so that no reader is too slow for it
   * @throws {OperatorProblem} EXPORT_RUNNING while there is another
   */
  begin(filter: ListFilter, format: 'csv' | 'ndjson'): Readable {
    if (this.running) throw new OperatorProblem('EXPORT_RUNNING', 'Another export is not over: try again.');
    this.running = true;
    const patience = setTimeout(() => stream.destroy(new Error('The export was not read')), PATIENCE_MS);
    const stream = Readable.from(
      linesOf(this.database, filter, format, () => patience.refresh()),
      {
        objectMode: false,
      },
    );
    let isOver = false;
    const end = (): void => {
      clearTimeout(patience);
      if (!isOver) this.running = false;
      isOver = true;
    };
    // Read to its end, or given up.
    return stream.once('end', end).once('close', end);
  }
}

async function* linesOf<Db>(
  database: Database<Db>,
  filter: ListFilter,
  format: 'csv' | 'ndjson',
  onPage: () => void,
): AsyncGenerator<string> {
  if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`;
  const write = format === 'csv' ? csvLine : (summary: SagaSummary) => `${JSON.stringify(summary)}\n`;
  for (let after: ListPlace | null = null; ;) {
    onPage();
    const began = performance.now();
    const page: ListedSaga[] = await listSagas(database, filter, { sort: 'newest', after, limit: PAGE });
    if (page.length > 0) yield page.map((saga) => write(summaryOf(saga))).join('');
    const last: ListedSaga | undefined = page.at(-1);
    if (page.length < PAGE || !last) return;
    after = { key: last.key, id: last.instance.id };
    await delay(Math.min(MOST_REST_MS, performance.now() - began));
  }
}

const csvLine = (summary: SagaSummary): string => `${COLUMNS.map((column) => cell(summary[column])).join(',')}\r\n`;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A spreadsheet would take such a text for a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
