/** Retries of many sagas: how far they are, what failed, and a way to hold them. */
import { useState } from 'preact/hooks';
import type { BulkOperation } from '../../src/api/schemas/index.js';
import { post } from '../lib/api.js';
import { formatDuration } from '../../src/format-duration.js';
import { shortId, time } from '../lib/format.js';
import { useFetch, useNow } from '../lib/hooks.js';
import { ActionDialog, type DialogAction } from '../parts/action-dialog.js';
import { AuditLog } from '../parts/audit-log.js';
import { bulkRetry } from '../parts/bulk-retry.js';
import { Badge } from '../parts/primitives.js';
import { Empty, Show } from '../parts/fetch-states.js';

const EVERY_MS = 1_000;

export function OperationsScreen() {
  const operations = useFetch<{ items: BulkOperation[] }>('sagas/bulk-operations', EVERY_MS);
  const [action, setAction] = useState<DialogAction | null>(null);
  return (
    <>
      <div class="buttons actions">
        <button type="button" onClick={() => setAction(bulkRetry({ status: 'stuck' }))}>
          Retry everything that is stuck …
        </button>
        <a href="#/failures">Retry one kind of failure</a>
      </div>
      <Show of={operations}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>Nobody has retried many sagas at once yet.</Empty>
          ) : (
            <ul class="operations">
              {items.map((operation) => (
                <Operation key={operation.id} operation={operation} onAction={setAction} />
              ))}
            </ul>
          )
        }
      </Show>
      <AuditLog />
      {action && <ActionDialog action={action} onClose={() => (setAction(null), operations.reload())} />}
    </>
  );
}

function Operation({ operation, onAction }: { operation: BulkOperation; onAction: (action: DialogAction) => void }) {
  const { id, status, filter, matched, done, failed, failures, perSecond, operator, reason, createdAt, endedAt } =
    operation;
  const now = useNow();
  const hold = (action: 'pause' | 'resume') =>
    onAction({
      title: action === 'pause' ? 'Pause this retry' : 'Resume this retry',
      verb: action === 'pause' ? 'Pause' : 'Resume',
      body: (
        <p>
          {action === 'pause'
            ? 'No more sagas are retried until it is resumed; those that were go on.'
            : `It goes on with the other ${(matched - done - failed).toLocaleString()}.`}
        </p>
      ),
      run: async (who) => void (await post(`sagas/bulk-operations/${id}/${action}`, who)),
    });
  const what = [
    filter.step ?? 'everything stuck',
    filter.code,
    filter.message && `“${filter.message}”`,
    filter.since && `since ${time(filter.since)}`,
  ];
  const took = formatDuration((endedAt ? Date.parse(endedAt) : now) - Date.parse(createdAt));
  return (
    <li class="card">
      <div class="line">
        <h2>Retry {what.filter(Boolean).join(', ')}</h2>
        <Badge status={status} />
      </div>
      <p>
        {operator}: “{reason}” <small>{time(createdAt)}</small>
      </p>
      <progress max={Math.max(1, matched)} value={done + failed} aria-label={`Progress of the retry of ${what[0]}`} />
      <div class="line">
        <span>
          {done.toLocaleString()} of {matched.toLocaleString()} retried
          {failed > 0 && <span class="error-text">, {failed.toLocaleString()} could not be</span>}{' '}
          <small>{endedAt ? `in ${took}` : `for ${took}, at most ${perSecond} a second`}</small>
        </span>
        {status === 'running' && (
          <button type="button" onClick={() => hold('pause')}>
            Pause …
          </button>
        )}
        {status === 'paused' && (
          <button type="button" onClick={() => hold('resume')}>
            Resume …
          </button>
        )}
      </div>
      {failures.length > 0 && (
        <details>
          <summary>What could not be retried</summary>
          <ul>
            {failures.map(({ sagaId, message }) => (
              <li key={sagaId}>
                <a href={`#/sagas/${sagaId}`}>{shortId(sagaId)}</a> {message}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
