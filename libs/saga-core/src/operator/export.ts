/** All sagas that match, as lines. */
import { Readable } from 'node:stream';
import type { Database } from '../store/database.js';
import { listSagas, type ListedSaga, type ListFilter, type ListPlace } from '../store/saga-listing.js';
import { summaryOf } from './saga-summary.js';
import type { SagaSummary } from './schemas/index.js';

const PAGE = 1_000;
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

/** @returns a stream that reads a page when the one before was taken, so that no reader is too slow for it */
export function exported<Db>(database: Database<Db>, filter: ListFilter, format: 'csv' | 'ndjson'): Readable {
  async function* lines(): AsyncGenerator<string> {
    if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`;
    let after: ListPlace | null = null;
    for (;;) {
      const page: ListedSaga[] = await listSagas(database, filter, { sort: 'newest', after, limit: PAGE });
      const write = format === 'csv' ? csvLine : (summary: SagaSummary) => `${JSON.stringify(summary)}\n`;
      if (page.length > 0) yield page.map((saga) => write(summaryOf(saga))).join('');
      const last: ListedSaga | undefined = page.at(-1);
      if (page.length < PAGE || !last) return;
      after = { key: last.key, id: last.instance.id };
    }
  }
  return Readable.from(lines(), { objectMode: false });
}

const csvLine = (summary: SagaSummary): string => `${COLUMNS.map((column) => cell(summary[column])).join(',')}\r\n`;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A spreadsheet would take such a text for a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
