/** What happened to a saga, and who did it. */
import type { ComponentChildren } from 'preact';
import { formatDuration } from '../../src/format-duration.js';
import { taskName, time, humanize } from '../lib/format.js';
import { transitionsOf, type Transition, type Entry } from '../lib/transitions.js';
import { Json } from './primitives.js';

const KINDS: Partial<Record<Entry['type'], string>> = {
  step_succeeded: 'good',
  completed: 'good',
  step_refused: 'bad',
  step_failed: 'bad',
  step_timed_out: 'bad',
  stuck: 'bad',
  compensating: 'warn',
  compensated: 'warn',
  reply_ignored: 'soft',
  operator_retried: 'operator',
  operator_compensated: 'operator',
  operator_skipped: 'operator',
  operator_edited: 'operator',
  operator_accepted: 'operator',
  operator_gave_up: 'operator',
};

/** @param history - oldest first; shown newest first while the saga lives, for that is what is looked for */
export function Timeline({ history, newestFirst }: { history: readonly Entry[]; newestFirst: boolean }) {
  const transitions = transitionsOf(history);
  return (
    <ol class="timeline" reversed={newestFirst}>
      {(newestFirst ? transitions.toReversed() : transitions).map((transition) => (
        <TransitionItem key={transition.number} transition={transition} />
      ))}
    </ol>
  );
}

function TransitionItem({ transition: { number, at, cause, effects, changes, tookMs } }: { transition: Transition }) {
  return (
    <li class={KINDS[cause.type] ?? ''}>
      <div class="line">
        <span>
          <EntryLine entry={cause} />
          {tookMs !== null && <small> after {formatDuration(tookMs)}</small>}
        </span>
        <time dateTime={at} title={at}>
          <small>
            {time(at)} · input {number}
          </small>
        </time>
      </div>
      <More entry={cause} />
      {changes.length > 0 && (
        <dl class="changes">
          {changes.map(({ what, before, after }) => (
            <div key={what}>
              <dt>{what}</dt>
              <dd>
                <del>{before}</del> → <ins>{after}</ins>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {effects.length > 0 && (
        <ul class="effects">
          {effects.map((effect) => (
            <li key={`${effect.type} ${effect.commandId}`} class={KINDS[effect.type] ?? ''}>
              <EntryLine entry={effect} />
              {effect.until && (
                <small>
                  {effect.type === 'retry_scheduled' ? ' due in ' : ' reply due within '}
                  {formatDuration(Date.parse(effect.until) - Date.parse(effect.at))}
                </small>
              )}
              {!sameWords(effect, cause) && <More entry={effect} />}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

const sameWords = (one: Entry, other: Entry): boolean => one.message !== undefined && one.message === other.message;

function EntryLine({ entry: { type, step, attempt, by, times } }: { entry: Entry }) {
  const isOperatorAction = type.startsWith('operator_');
  return (
    <>
      <strong>
        {isOperatorAction ? `${by ?? 'An operator'} ${humanize(type.slice('operator_'.length))}` : humanize(type)}
      </strong>
      {step && (
        <>
          {' '}
          <code title={step}>{taskName(step)}</code>
        </>
      )}
      {attempt !== undefined && attempt > 1 && <small> attempt {attempt}</small>}
      {times !== undefined && <small> {times.toLocaleString()} times</small>}
    </>
  );
}

/** Whatever else the entry holds. */
function More({ entry: { type, code, message, details, payload, reply, before, after, commandId } }: { entry: Entry }) {
  const folded: [string, unknown][] = [
    ['Payload', payload],
    ['Reply', reply],
    ['Details', details],
    ['Before', before],
    ['After', after],
  ];
  const shown = folded.filter(([, value]) => value !== undefined);
  const said: ComponentChildren = message && (
    <p class={type.startsWith('operator_') ? 'said' : 'said error-text'}>
      {code && code !== message ? `${code}: ` : ''}
      {message}
    </p>
  );
  if (!said && shown.length === 0) return null;
  return (
    <>
      {said}
      <div class="folded">
        {shown.map(([title, value]) => (
          <Json key={title} title={title} value={value} />
        ))}
        {shown.length > 0 && commandId && <small class="mono">command …{commandId.slice(-15)}</small>}
      </div>
    </>
  );
}
