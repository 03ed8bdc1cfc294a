/** All sagas that match, as lines. */
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'csv-stringify/sync';
import { HttpProblem, RETRY_AFTER_SECONDS } from 'http-kit';
import { type Database, type ListedSaga, type ListFilter, type ListPosition, listSagas } from 'saga-core/admin';
import { OPERATOR_PROBLEMS } from './operator-problems.js';
import { summaryOf } from './saga-summary.js';
import type { SagaSummary } from './schemas/index.js';

const PAGE = 200;
const MAX_PAUSE_MS = 1_000;
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

/** An export ends when its client reads nothing for this long: others wait for their turn. */
const READ_TIMEOUT_MS = 30_000;

/** Runs one export at a time. It pauses after each page for as long as the page took, so that it slows nobody down. */
export class SagaExporter<Db> {
  private readonly database: Database<Db>;
  private running = false;

  constructor(database: Database<Db>) {
    this.database = database;
  }

  /**
   * @returns a stream that reads a page when the one before was taken, so that no reader is too slow for it
   * @throws {HttpProblem} EXPORT_RUNNING while there is another
   */
  begin(filter: ListFilter, format: 'csv' | 'ndjson'): Readable {
    if (this.running)
      throw new HttpProblem(OPERATOR_PROBLEMS.exportRunning, 'Another export is not over: try again.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    this.running = true;
    const readTimeout = setTimeout(() => stream.destroy(new Error('The export was not read')), READ_TIMEOUT_MS);
    const stream = Readable.from(
      linesOf(this.database, filter, format, () => readTimeout.refresh()),
      {
        objectMode: false,
      },
    );
    let isOver = false;
    const end = (): void => {
      clearTimeout(readTimeout);
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
  if (format === 'csv') yield csvOf([COLUMNS]);
  for (let after: ListPosition | null = null; ;) {
    onPage();
    const began = performance.now();
    const page: ListedSaga[] = await listSagas(database, filter, { sort: 'newest', after, limit: PAGE });
    const summaries = page.map(summaryOf);
    if (page.length > 0) yield format === 'csv' ? csvOf(summaries) : jsonLinesOf(summaries);
    const last: ListedSaga | undefined = page.at(-1);
    if (page.length < PAGE || !last) return;
    after = { key: last.key, id: last.instance.id };
    await delay(Math.min(MAX_PAUSE_MS, performance.now() - began));
  }
}

const jsonLinesOf = (summaries: readonly SagaSummary[]): string =>
  summaries.map((summary) => `${JSON.stringify(summary)}\n`).join('');

const csvOf = (rows: readonly (SagaSummary | readonly string[])[]): string =>
  stringify([...rows], {
    columns: COLUMNS,
    record_delimiter: 'windows',
    // A line break that is not the one between records, too.
    quoted_match: /[\r\n]/,
    // A spreadsheet would take such a text for a formula.
    escape_formulas: true,
  });
