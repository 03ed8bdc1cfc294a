/** What a saga waits for, and how long it still does. */
import type { SagaDetail } from '../../src/api/schemas/index.js';
import { formatDuration } from '../../src/format-duration.js';
import { time } from '../lib/format.js';
import { useNow } from '../lib/hooks.js';
import { Badge, Json } from './primitives.js';
import { Empty } from './fetch-states.js';

const TOLD = {
  sent: 'The command was sent; a reply is due.',
  pausing: 'The last attempt failed; the command is sent again after a pause.',
  parked: 'Nothing happens by itself any more: an operator must act.',
} as const;

export function Awaited({ saga: { awaited, direction, payload, endedAt } }: { saga: SagaDetail }) {
  const now = useNow();
  if (!awaited) return <Empty>Nothing: it ended at {time(endedAt!)}.</Empty>;
  const left = awaited.until === null ? null : Date.parse(awaited.until) - now;
  const until = awaited.state === 'pausing' ? 'Sent again' : 'Given up, or sent again';
  return (
    <>
      <p>
        {direction === 'undo' && 'Undo: '}
        <code>{awaited.step}</code>, attempt {awaited.attempt} <Badge status={awaited.state} />
      </p>
      <p>
        <small>{TOLD[awaited.state]}</small>
      </p>
      {left !== null && (
        <p>
          {until}{' '}
          <strong role="timer" class="countdown">
            {left > 0
              ? `in ${formatDuration(Math.ceil(left / 1_000) * 1_000)}`
              : `${formatDuration(-left)} ago, if it was seen to`}
          </strong>{' '}
          <small>({time(awaited.until!)})</small>
        </p>
      )}
      {payload !== null && <Json title="Payload" value={payload} />}
    </>
  );
}
