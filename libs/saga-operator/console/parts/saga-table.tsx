/** Sagas in rows; on a narrow screen each row is a card. */
import type { SagaSummary } from '../../src/api/schemas/index.js';
import { formatDuration } from '../../src/format-duration.js';
import { ago, shortId, taskName } from '../lib/format.js';
import { useNow } from '../lib/hooks.js';
import { Badge } from './primitives.js';

/** @returns what the saga is doing, in words. */
function doing({ step, direction, attempt, state }: SagaSummary): string {
  if (step === null) return '–';
  const what = `${direction === 'undo' ? 'undo: ' : ''}${taskName(step)}`;
  const how = state === 'pausing' ? ', pausing' : '';
  return `${what}${attempt > 1 ? `, attempt ${attempt}` : ''}${how}`;
}

/** @param caption - what these sagas are, for those who cannot see the heading above */
export function SagaTable({ sagas, caption }: { sagas: readonly SagaSummary[]; caption: string }) {
  const now = useNow();
  return (
    <table class="rows">
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Saga</th>
          <th scope="col">Status</th>
          <th scope="col">Step</th>
          <th scope="col">Last error</th>
          <th scope="col">Age</th>
          <th scope="col">Changed</th>
        </tr>
      </thead>
      <tbody>
        {sagas.map((saga) => (
          <tr key={saga.id}>
            <td data-label="Saga" class="whole">
              <a href={`#/sagas/${saga.id}`} title={saga.id} aria-label={`Saga ${saga.id}`}>
                {shortId(saga.id)}
              </a>
              <small>{saga.saga}</small>
            </td>
            <td data-label="Status">
              <Badge status={saga.status} />
            </td>
            <td data-label="Step">{doing(saga)}</td>
            <td data-label="Last error" title={saga.lastError?.message}>
              {saga.lastError ? (
                <span class="error-text clamped">{`${saga.lastError.code}: ${saga.lastError.message}`}</span>
              ) : (
                '–'
              )}
            </td>
            <td data-label="Age" class="whole">
              {formatDuration(saga.endedAt ? saga.ageMs : now - Date.parse(saga.startedAt))}
            </td>
            <td data-label="Changed" class="whole">
              {ago(saga.updatedAt, now)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
