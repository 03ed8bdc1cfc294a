/** A saga that was started from the page, as a line of steps that moves. */
import { useEffect } from 'preact/hooks';
import type { SagaDetail } from '../../src/api/schemas/index.js';
import { formatDuration } from '../../src/format-duration.js';
import { shortId, taskName } from '../lib/format.js';
import { useFetch, useThrottled } from '../lib/hooks.js';
import { Badge } from './primitives.js';
import { MARKS, stateOf } from './step-states.js';

const SOON_MS = 60;

/**
 * @param version - the newest that is known to be there; 0 when none is
 * @param missed - how often changes were left out, this saga's perhaps among them
 */
export function StartedSaga({
  id,
  title,
  version,
  missed,
}: {
  id: string;
  title: string;
  version: number;
  missed: number;
}) {
  const { value: saga, error, reload } = useFetch<SagaDetail>(`sagas/${id}`);
  const soon = useThrottled(reload, SOON_MS);
  useEffect(() => {
    if (version > (saga?.version ?? 0)) soon();
  }, [version, saga, soon]);
  useEffect(() => {
    if (missed > 0) soon();
  }, [missed, soon]);
  return (
    <li>
      <div class="line">
        <a href={`#/sagas/${id}`} title={id}>
          {title} <small>{shortId(id)}</small>
        </a>
        {saga && <Badge status={saga.status} />}
      </div>
      {saga && (
        <div class="line">
          <span
            class="dots"
            role="img"
            aria-label={saga.steps.map((step) => `${taskName(step.name)}: ${stateOf(step)}`).join('; ')}
          >
            {saga.steps.map((step) => (
              <span key={step.name} class={`dot ${step.state}`} title={`${taskName(step.name)}: ${stateOf(step)}`}>
                {MARKS[step.state]}
              </span>
            ))}
          </span>
          <small>{doing(saga)}</small>
        </div>
      )}
      {error && <small class="error-text">{error.message}</small>}
    </li>
  );
}

function doing({ awaited, direction, failure, createdAt, endedAt }: SagaDetail): string {
  if (awaited) {
    const attempt = awaited.attempt > 1 ? `, attempt ${awaited.attempt}` : '';
    return `${direction === 'undo' ? 'undo: ' : ''}${taskName(awaited.step)}${attempt}`;
  }
  const took = endedAt ? `in ${formatDuration(Date.parse(endedAt) - Date.parse(createdAt))}` : '';
  return failure ? `${failure.code} at ${taskName(failure.step)}, ${took}` : took;
}
