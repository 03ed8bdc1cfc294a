/** The first look: what needs an operator, how it goes, and a way to try it. */
import { useState } from 'preact/hooks';
import type { TryIt } from '../../src/api/page-routes.js';
import type { SagaPage, SagaSummary, Summary } from '../../src/api/schemas/index.js';
import { useEvents } from '../lib/events.js';
import { serviceOf, taskName } from '../lib/format.js';
import { useFetch, useNow, useThrottled } from '../lib/hooks.js';
import { SagaTable } from '../parts/saga-table.js';
import { Badge, Live } from '../parts/primitives.js';
import { Empty, Show } from '../parts/fetch-states.js';
import type { Queues } from './dead-letters.js';
import { Tiles } from '../parts/tiles.js';
import { TryItSection } from '../parts/try-it.js';

const SOON_MS = 1_000;
const EVERY_MS = 10_000;
const SHOWN = 5;
/** A saga that has not changed for so long is worth a look. */
const STALE_MS = 15_000;
/** So many changes are remembered; only the newest sagas are followed here. */
const MAX_CHANGES = 500;

export function HomeScreen({ tryIt }: { tryIt: TryIt | undefined }) {
  const summary = useFetch<Summary>('sagas/summary', EVERY_MS);
  const stuck = useFetch<SagaPage>(`sagas?status=stuck&limit=${SHOWN}`, EVERY_MS);
  const letters = useFetch<Queues>('dead-letters', EVERY_MS);
  const soon = useThrottled(() => {
    summary.reload();
    stuck.reload();
  }, SOON_MS);
  const [changes, setChanges] = useState<ReadonlyMap<string, SagaSummary>>(new Map());
  // What was started from here looks for itself when changes were left out.
  const [missed, setMissed] = useState(0);
  const live = useEvents('sagas/events', (saga) => {
    if (saga) setChanges((before) => new Map([...[...before].slice(-MAX_CHANGES), [saga.id, saga]]));
    else setMissed((times) => times + 1);
    soon();
  });
  return (
    <>
      <Live on={live} />
      <Show of={summary}>{(value) => <Tiles summary={value} deadLetters={countOf(letters.value)} />}</Show>
      <div class="columns">
        <div>
          <section aria-labelledby="attention-title" class="card">
            <h2 id="attention-title">Needs attention</h2>
            <Show of={summary}>{(value) => <Attention summary={value} stuck={stuck.value?.items ?? []} />}</Show>
          </section>
          <section aria-labelledby="steps-title" class="card">
            <h2 id="steps-title">Where they stand</h2>
            <Show of={summary}>{(value) => <StatusCounts counts={value.counts} />}</Show>
          </section>
        </div>
        {tryIt && <TryItSection tryIt={tryIt} changes={changes} missed={missed} />}
      </div>
    </>
  );
}

/** @returns how many dead letters wait; null when that is not known */
const countOf = (queues: Queues | null): number | null =>
  queues?.items.reduce((sum, { count }) => sum + count, 0) ?? null;

function Attention({ summary, stuck }: { summary: Summary; stuck: readonly SagaSummary[] }) {
  const now = useNow();
  const waiting = summary.stalest.filter(
    ({ status, updatedAt }) => status !== 'stuck' && now - Date.parse(updatedAt) > STALE_MS,
  );
  const stalest = waiting.slice(0, SHOWN);
  const attempts = summary.mostAttempts.filter(({ status }) => status !== 'stuck').slice(0, SHOWN);
  if (stuck.length + stalest.length + attempts.length === 0)
    return <Empty>Nothing waits for you: no saga is stuck, and each one moves.</Empty>;
  const lists = [
    ['Stuck', stuck],
    ['Unchanged for longest', stalest],
    ['Most attempts', attempts],
  ] as const;
  return (
    <>
      {lists.map(
        ([title, sagas]) =>
          sagas.length > 0 && (
            <>
              <h3>{title}</h3>
              <SagaTable sagas={sagas} caption={title} />
              {sagas === stuck && summary.stuck > SHOWN && (
                <a href="#/sagas?status=stuck">All {summary.stuck.toLocaleString()} stuck sagas</a>
              )}
            </>
          ),
      )}
    </>
  );
}

const ORDER = ['stuck', 'compensating', 'running', 'compensated', 'completed'];

/** Counts by status and step. */
function StatusCounts({ counts }: { counts: Summary['counts'] }) {
  const most = Math.max(1, ...counts.map(({ count }) => count));
  const sorted = [...counts].sort((one, other) => ORDER.indexOf(one.status) - ORDER.indexOf(other.status));
  if (counts.length === 0) return <Empty>There are no sagas yet, or none of the last hour.</Empty>;
  return (
    <table class="counts">
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Step</th>
          <th scope="col" class="number">
            How many
          </th>
        </tr>
      </thead>
      <tbody>
        {sorted.map(({ saga, status, step, count }) => (
          <tr key={`${saga} ${status} ${step}`}>
            <td>
              <Badge status={status} />
            </td>
            <td>
              {step === null ? (
                <small>in the last hour</small>
              ) : (
                <a href={`#/sagas?status=${status}&step=${step}`}>
                  {taskName(step)} <small>{serviceOf(step)}</small>
                </a>
              )}
            </td>
            <td class="number">
              <meter min={0} max={most} value={count} aria-hidden="true" />
              {count.toLocaleString()}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
