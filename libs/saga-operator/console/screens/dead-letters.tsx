/** Messages that could not be handled: looked at, sent again, thrown away. */
import { useState } from 'preact/hooks';
import type { Static } from '@sinclair/typebox';
import type {
  DeadLetterQueuesSchema,
  DeadLetter,
  SettledDeadLettersSchema,
  DeadLettersSchema,
} from '../../src/api/schemas/index.js';
import { post } from '../lib/api.js';
import { useFetch, type FetchState } from '../lib/hooks.js';
import { ActionDialog, type DialogAction } from '../parts/action-dialog.js';
import { Json } from '../parts/primitives.js';
import { Empty, Show } from '../parts/fetch-states.js';

export type Queues = Static<typeof DeadLetterQueuesSchema>;
type Letters = Static<typeof DeadLettersSchema>;
type Result = Static<typeof SettledDeadLettersSchema>;
const EVERY_MS = 5_000;

export function DeadLettersScreen() {
  const queues = useFetch<Queues>('dead-letters', EVERY_MS);
  return (
    <Show of={queues}>
      {({ items }) => (
        <section class="card" aria-label="Queues">
          {items.every(({ count }) => count === 0) && <Empty>No letter lies dead.</Empty>}
          <table class="rows">
            <caption class="hidden">Queues and their dead letters</caption>
            <thead>
              <tr>
                <th scope="col">Queue</th>
                <th scope="col">Dead letters</th>
                <th scope="col">Consumers of the queue</th>
              </tr>
            </thead>
            <tbody>
              {items.map(({ queue, count, consumers }) => (
                <tr key={queue}>
                  <td data-label="Queue">
                    <a href={`#/dead-letters/${queue}`}>{queue}</a>
                  </td>
                  <td data-label="Dead letters">
                    {count > 0 ? <span class="badge stuck">{count.toLocaleString()}</span> : 'none'}
                  </td>
                  <td data-label="Consumers">
                    {consumers === null ? (
                      'there is no such queue'
                    ) : consumers === 0 ? (
                      <span class="error-text">none</span>
                    ) : (
                      consumers
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Show>
  );
}

/** The letters of one queue. */
export function DeadLetterQueueScreen({ queue }: { queue: string }) {
  const letters = useFetch<Letters>(`dead-letters/${queue}`, EVERY_MS);
  const [action, setAction] = useState<DialogAction | null>(null);
  const [told, setTold] = useState('');
  const ask = asking(queue, letters, setTold);
  return (
    <>
      <p>
        <a href="#/dead-letters">All queues</a> · <code>{queue}.dead</code>
      </p>
      <p role="status">{told}</p>
      <Show of={letters}>
        {({ items, count }) =>
          count === 0 ? (
            <Empty>No letter lies here.</Empty>
          ) : (
            <>
              <div class="buttons actions">
                <button type="button" onClick={() => setAction(ask('replay', null, count))}>
                  Replay all {count.toLocaleString()} …
                </button>
                <button type="button" onClick={() => setAction(ask('discard', null, count))}>
                  Discard all …
                </button>
                {count > items.length && <small>The oldest {items.length} are shown.</small>}
              </div>
              <ul class="letters">
                {items.map((letter, index) => (
                  // The same letter may lie here twice.
                  <LetterItem
                    key={`${letter.id} ${index}`}
                    letter={letter}
                    onAction={(action) => setAction(ask(action, letter, 1))}
                  />
                ))}
              </ul>
            </>
          )
        }
      </Show>
      {action && <ActionDialog action={action} onClose={() => setAction(null)} />}
    </>
  );
}

type Action = 'replay' | 'discard';

function asking(queue: string, letters: FetchState<Letters>, tell: (told: string) => void) {
  return (action: Action, letter: DeadLetter | null, count: number): DialogAction => {
    const which = letter ? 'this letter' : `all ${count.toLocaleString()} letters`;
    return {
      title: action === 'replay' ? `Replay ${which}` : `Discard ${which}`,
      verb: action === 'replay' ? 'Replay' : 'Discard for good',
      danger: action === 'discard',
      body: (
        <p>
          {action === 'replay'
            ? 'Sent again to where it was meant to go, with its identity: what was handled already has its ' +
              'effect no second time. What cannot be sent stays.'
            : 'Thrown away. It cannot be brought back; a saga that waits for it goes on by its deadline.'}
        </p>
      ),
      run: async (who) => {
        const body = { ...who, ...(letter && { id: letter.id }) };
        const { done, kept } = await post<Result>(`dead-letters/${queue}/${action}`, body);
        const verb = action === 'replay' ? 'replayed' : 'discarded';
        tell(`${done} ${verb}${kept > 0 ? `; ${kept} kept, for no queue takes them` : ''}.`);
        letters.reload();
      },
    };
  };
}

function LetterItem({ letter, onAction }: { letter: DeadLetter; onAction: (action: Action) => void }) {
  const { cause, detail, exchange, routingKey, correlationId, replyTo, headers, body, bytes, replayable } = letter;
  const sagaId = typeof headers['x-saga-id'] === 'string' ? headers['x-saga-id'] : null;
  const facts = [
    ['published to', `${exchange || '(default exchange)'} · ${routingKey}`],
    ['command', correlationId],
    ['reply to', replyTo],
    ['size', `${bytes.toLocaleString()} bytes`],
  ] as const;
  return (
    <li class="card">
      <div class="line">
        <h2 class="error-text">{cause}</h2>
        <span class="buttons">
          {sagaId && <a href={`#/sagas/${sagaId}`}>Its saga</a>}
          <button type="button" disabled={!replayable} onClick={() => onAction('replay')}>
            Replay …
          </button>
          <button type="button" onClick={() => onAction('discard')}>
            Discard …
          </button>
        </span>
      </div>
      {detail && <p class="said">{detail}</p>}
      {!replayable && <p class="said">It does not say where it belongs, so it cannot be sent again.</p>}
      <dl class="changes">
        {facts.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd class="mono">{value}</dd>
              </div>
            ),
        )}
      </dl>
      <div class="folded">
        <Json title="Headers" value={headers} />
        <details class="json">
          <summary>Body</summary>
          <pre tabIndex={0}>{body === '' ? '(empty)' : body}</pre>
        </details>
      </div>
    </li>
  );
}
