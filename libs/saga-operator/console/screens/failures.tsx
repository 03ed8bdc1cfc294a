/** What goes wrong, like with like. */
import { useState } from 'preact/hooks';
import type { FailureGroup } from '../../src/api/schemas/index.js';
import { query } from '../lib/api.js';
import { ago, serviceOf, taskName, time } from '../lib/format.js';
import { navigate, type Route } from '../lib/router.js';
import { useFetch, useNow } from '../lib/hooks.js';
import { ActionDialog, type DialogAction } from '../parts/action-dialog.js';
import { bulkRetry } from '../parts/bulk-retry.js';
import { Sparkline } from '../parts/primitives.js';
import { Empty, Show } from '../parts/fetch-states.js';

const EVERY_MS = 10_000;
const SPANS = [
  ['1', 'the last hour'],
  ['24', 'the last day'],
  ['168', 'the last week'],
] as const;
const HOUR_MS = 3_600_000;

const retryOf = ({ saga, step, code, message }: FailureGroup): DialogAction =>
  bulkRetry({ status: 'stuck', saga, step, code, message });

export function FailuresScreen({ route }: { route: Route }) {
  const hours = route.query.hours ?? '24';
  // Of the minute, so that the address stays the same between two renders.
  const [opened] = useState(() => Math.floor(Date.now() / 60_000) * 60_000);
  const since = new Date(opened - Number(hours) * HOUR_MS).toISOString();
  const failures = useFetch<{ groups: FailureGroup[] }>(`sagas/failures${query({ since })}`, EVERY_MS);
  const [action, setAction] = useState<DialogAction | null>(null);
  const now = useNow();
  return (
    <>
      <label class="inline">
        Over
        <select value={hours} onChange={({ currentTarget }) => navigate(`/failures?hours=${currentTarget.value}`)}>
          {SPANS.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Show of={failures}>
        {({ groups }) => (
          <section class="card" aria-label="Groups of failures">
            {groups.length === 0 && <Empty>Nothing went wrong in this time.</Empty>}
            <ul class="groups">
              {groups.map((group, index) => (
                <li key={`${group.saga} ${group.step} ${group.code} ${group.message}`}>
                  <div class="what">
                    <strong>{group.code}</strong> at <code>{taskName(group.step)}</code>{' '}
                    <small>{serviceOf(group.step)}</small>
                    <p class="said" id={`said-${index}`}>
                      {group.message}
                    </p>
                    <small>
                      first <time dateTime={group.firstSeen}>{time(group.firstSeen)}</time>, last{' '}
                      <time dateTime={group.lastSeen}>{ago(group.lastSeen, now)}</time>
                    </small>
                  </div>
                  <Sparkline trend={group.trend} />
                  <div class="how-many">
                    <span class="value">{group.count.toLocaleString()}</span>
                    <small>{group.count === 1 ? 'saga' : 'sagas'}</small>
                    {group.stuckCount > 0 && (
                      <a
                        class="badge stuck"
                        href={`#/sagas${query({ status: 'stuck', saga: group.saga, step: group.step })}`}
                      >
                        {group.stuckCount.toLocaleString()} stuck
                      </a>
                    )}
                  </div>
                  {group.stuckCount > 0 ? (
                    <button
                      type="button"
                      class="primary"
                      aria-label={`Retry the stuck of ${group.code} at ${group.step}`}
                      aria-describedby={`said-${index}`}
                      onClick={() => setAction(retryOf(group))}
                    >
                      Retry the stuck …
                    </button>
                  ) : (
                    <small class="none">none is stuck</small>
                  )}
                </li>
              ))}
            </ul>
          </section>
        )}
      </Show>
      {action && <ActionDialog action={action} onClose={() => setAction(null)} />}
    </>
  );
}
