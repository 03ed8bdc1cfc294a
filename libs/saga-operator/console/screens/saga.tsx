/** One saga: where it stands, what happened, and what can be done. */
import { useState } from 'preact/hooks';
import type { SagaDetail } from '../../src/api/schemas/index.js';
import { useEvents } from '../lib/events.js';
import { formatDuration } from '../../src/format-duration.js';
import { time } from '../lib/format.js';
import { useFetch, useNow, useThrottled } from '../lib/hooks.js';
import { History } from '../parts/history.js';
import { ActionDialog, type DialogAction } from '../parts/action-dialog.js';
import { Awaited } from '../parts/awaited.js';
import { Badge, Json, Live } from '../parts/primitives.js';
import { Empty, Show } from '../parts/fetch-states.js';
import { StateMachine } from '../parts/state-machine.js';
import { SagaActions } from '../parts/saga-actions.js';

const SOON_MS = 150;

export function SagaScreen({ id }: { id: string }) {
  const saga = useFetch<SagaDetail>(`sagas/${id}`);
  const soon = useThrottled(saga.reload, SOON_MS);
  const live = useEvents(`sagas/events?id=${id}`, soon);
  const [action, setAction] = useState<DialogAction | null>(null);
  return (
    <>
      <Live on={live} />
      <p class="mono id">{id}</p>
      <Show of={saga}>
        {(value) => (
          <>
            <Head saga={value} />
            <SagaActions saga={value} onAction={setAction} onDone={saga.set} />
            <div class="columns narrow-first">
              <div>
                <section class="card" aria-labelledby="awaits-title">
                  <h2 id="awaits-title">What it waits for</h2>
                  <Awaited saga={value} />
                </section>
                <section class="card" aria-labelledby="steps-title">
                  <h2 id="steps-title">Steps</h2>
                  {value.steps.length > 0 ? (
                    <StateMachine steps={value.steps} />
                  ) : (
                    <Empty>This process does not run version {value.definitionVersion} of the definition.</Empty>
                  )}
                </section>
                <section class="card" aria-labelledby="data-title">
                  <h2 id="data-title">Data and links</h2>
                  <Json title="Business data" value={value.data} />
                  <Links saga={value} />
                </section>
              </div>
              <section class="card" aria-labelledby="history-title">
                <h2 id="history-title">
                  History <small>{value.endedAt === null ? 'newest first' : 'oldest first'}</small>
                </h2>
                <History saga={value} />
              </section>
            </div>
          </>
        )}
      </Show>
      {action && <ActionDialog action={action} onClose={() => setAction(null)} />}
    </>
  );
}

function Head({ saga }: { saga: SagaDetail }) {
  const now = useNow();
  const { status, name, definitionVersion, createdAt, endedAt, lastError, failure } = saga;
  const error = failure ?? lastError;
  const age = formatDuration((endedAt ? Date.parse(endedAt) : now) - Date.parse(createdAt));
  return (
    <>
      <p class="head">
        <span aria-live="polite">
          <Badge status={status} />
        </span>{' '}
        {name} <small>version {definitionVersion}</small> · started {time(createdAt)} ·{' '}
        {endedAt ? `took ${age}` : `${age} old`}
      </p>
      {error && (
        <div class={`notice ${status === 'stuck' ? 'bad' : 'warn'}`}>
          <p>
            {failure ? 'Turned back because of ' : status === 'stuck' ? 'Stuck because of ' : 'Overcome so far: '}
            <strong>{error.code}</strong> at <code>{error.step}</code>: {error.message}
          </p>
        </div>
      )}
    </>
  );
}

function Links({ saga: { links, traceparent } }: { saga: SagaDetail }) {
  return (
    <ul class="links">
      {links.map(({ title, url }) => (
        <li key={title}>
          <a href={url} rel="noreferrer">
            {title}
          </a>
        </li>
      ))}
      {traceparent && (
        <li>
          <small class="mono">trace {traceparent.split('-')[1]}</small>
        </li>
      )}
    </ul>
  );
}
