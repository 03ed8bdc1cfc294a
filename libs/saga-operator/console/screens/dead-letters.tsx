/** Messages that could not be handled: looked at, sent again, thrown away. */
import { useState } from 'preact/hooks';
import type { Static } from '@sinclair/typebox';
import type {
  DeadLetterQueuesSchema,
  Letter,
  LettersResultSchema,
  LettersSchema,
} from '../../src/api/schemas/index.js';
import { post } from '../lib/api.js';
import { useLoad, type Loaded } from '../lib/use-load.js';
import { ActDialog, type Act } from '../parts/act-dialog.js';
import { Json } from '../parts/small.js';
import { Empty, Show } from '../parts/states.js';

export type Queues = Static<typeof DeadLetterQueuesSchema>;
type Letters = Static<typeof LettersSchema>;
type Result = Static<typeof LettersResultSchema>;
const EVERY_MS = 5_000;

export function DeadLettersScreen() {
  const queues = useLoad<Queues>('dead-letters', EVERY_MS);
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
export function LettersScreen({ queue }: { queue: string }) {
  const letters = useLoad<Letters>(`dead-letters/${queue}`, EVERY_MS);
  const [act, setAct] = useState<Act | null>(null);
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
              <div class="buttons steering">
                <button type="button" onClick={() => setAct(ask('replay', null, count))}>
                  Replay all {count.toLocaleString()} …
                </button>
                <button type="button" onClick={() => setAct(ask('discard', null, count))}>
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
                    onAct={(action) => setAct(ask(action, letter, 1))}
                  />
                ))}
              </ul>
            </>
          )
        }
      </Show>
      {act && <ActDialog act={act} onClose={() => setAct(null)} />}
    </>
  );
}

type Action = 'replay' | 'discard';

function asking(queue: string, letters: Loaded<Letters>, tell: (told: string) => void) {
  return (action: Action, letter: Letter | null, count: number): Act => {
    const which = letter ? 'this letter' : `all ${count.toLocaleString()} letters`;
    return {
      title: action === 'replay' ? `Replay ${which}` : `Discard ${which}`,
      verb: action === 'replay' ? 'Replay' : 'Discard for good',
      danger: action === 'discard',
      body: (
        <p>
          {action === 'replay'
            ? 'Sent again to where it was meant to go, with its identity: what was handled already has its effect no second time. What cannot be sent stays.'
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

function LetterItem({ letter, onAct }: { letter: Letter; onAct: (action: Action) => void }) {
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
          <button type="button" disabled={!replayable} onClick={() => onAct('replay')}>
            Replay …
          </button>
          <button type="button" onClick={() => onAct('discard')}>
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
