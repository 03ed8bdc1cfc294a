/** All sagas: filtered, paged, live, exported. */
import { useEffect, useState } from 'preact/hooks';
import type { Definition, SagaPage } from '../../src/api/schemas/index.js';
import { download, query, type ApiError } from '../lib/api.js';
import { useEvents } from '../lib/events.js';
import type { Route } from '../lib/router.js';
import { useFetch, useThrottled } from '../lib/hooks.js';
import { SagaFilters } from '../parts/saga-filters.js';
import { SagaTable } from '../parts/saga-table.js';
import { Live, replaceSaga } from '../parts/primitives.js';
import { Empty, Failed, Show } from '../parts/fetch-states.js';

const SOON_MS = 1_000;
const LIMIT = 50;

export function SagasScreen({ route }: { route: Route }) {
  const { sort, ...filter } = route.query;
  const filtered = query(route.query);
  // The cursors of the pages before this one, so that one can go back.
  const [before, setBefore] = useState<readonly string[]>([]);
  useEffect(() => setBefore([]), [filtered]);
  const cursor = before.at(-1);
  const page = useFetch<SagaPage>(`sagas${query({ ...route.query, limit: LIMIT, cursor })}`);
  const definitions = useFetch<{ items: Definition[] }>('sagas/definitions');
  const soon = useThrottled(page.reload, SOON_MS);
  const live = useEvents('sagas/events', (saga) => {
    if (saga && page.value) page.set({ ...page.value, items: [...replaceSaga(page.value.items, saga)] });
    // Further pages hold still: they would move away under the reader's eyes.
    if (cursor === undefined) soon();
  });
  return (
    <>
      <Live on={live} />
      <SagaFilters key={filtered} query={route.query} definitions={definitions.value?.items ?? []} />
      <Show of={page}>
        {({ items, nextCursor }) => (
          <section class="card" aria-label="Sagas found">
            {items.length === 0 ? (
              <Empty>No saga matches.</Empty>
            ) : (
              <SagaTable sagas={items} caption={`Sagas, ${sort ?? 'newest'} first`} />
            )}
            <div class="buttons">
              <button type="button" disabled={before.length === 0} onClick={() => setBefore(before.slice(0, -1))}>
                ← Previous
              </button>
              <span>Page {before.length + 1}</span>
              <button
                type="button"
                disabled={nextCursor === null}
                onClick={() => nextCursor !== null && setBefore([...before, nextCursor])}
              >
                Next →
              </button>
              <Export filter={filter} />
            </div>
          </section>
        )}
      </Show>
    </>
  );
}

/** Not links: those could not carry the token. */
function Export({ filter }: { filter: Readonly<Record<string, string>> }) {
  const [error, setError] = useState<ApiError | null>(null);
  const get = (format: string) =>
    download(`sagas/export${query({ ...filter, format })}`, `sagas.${format}`).then(
      () => setError(null),
      (failed: unknown) => setError(failed as ApiError),
    );
  return (
    <span class="buttons last">
      <button type="button" onClick={() => void get('csv')}>
        Export all as CSV
      </button>
      <button type="button" onClick={() => void get('ndjson')}>
        as JSON lines
      </button>
      {error && <Failed error={error} />}
    </span>
  );
}
