/** The history of a saga: its end, and on demand what comes before. */
import { useEffect, useState } from 'preact/hooks';
import type { HistoryPage, SagaDetail } from '../../src/api/schemas/index.js';
import { get, query, type ApiError } from '../lib/api.js';
import { Failed } from './fetch-states.js';
import { Timeline } from './timeline.js';

export function History({ saga }: { saga: SagaDetail }) {
  const [earlier, setEarlier] = useState<HistoryPage | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const newestFirst = saga.endedAt === null;
  const first = saga.history[0]?.number ?? 1;
  // A history that grows moves on: what was loaded is no longer what comes just before.
  useEffect(() => setEarlier(null), [first]);
  const loaded = earlier?.items ?? [];
  const before = earlier === null ? first : earlier.nextBefore;
  const load = () =>
    get<HistoryPage>(`sagas/${saga.id}/history${query({ before })}`).then(
      ({ items, nextBefore }) => {
        setEarlier({ items: [...items, ...(earlier?.items ?? [])], nextBefore });
        setError(null);
      },
      (failed: unknown) => setError(failed as ApiError),
    );
  const more = saga.earlier > 0 && before !== null && (
    <p class="earlier">
      {(saga.earlier - loaded.length).toLocaleString()} earlier entries are not shown.{' '}
      <button type="button" onClick={() => void load()}>
        Show earlier entries
      </button>
    </p>
  );
  return (
    <>
      {!saga.notesIgnored && (
        <p class="earlier">So much has come in that late and doubled replies are no longer noted.</p>
      )}
      {error && <Failed error={error} />}
      {!newestFirst && more}
      <Timeline history={[...loaded, ...saga.history]} newestFirst={newestFirst} />
      {newestFirst && more}
    </>
  );
}
