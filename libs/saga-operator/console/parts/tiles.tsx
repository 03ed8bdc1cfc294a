/** Numbers that say how it goes. */
import type { ComponentChildren } from 'preact';
import type { Summary } from '../../src/api/schemas/index.js';
import { formatDuration } from '../../src/format-duration.js';
import { useNow } from '../lib/hooks.js';

function Tile({ name, value, kind = '', href }: { name: string; value: string; kind?: string; href?: string }) {
  const inner: ComponentChildren = (
    <>
      <span class="value">{value}</span>
      <span class="name">{name}</span>
    </>
  );
  return <li class={`tile ${kind}`}>{href ? <a href={href}>{inner}</a> : <div>{inner}</div>}</li>;
}

/** @returns a rate with as many digits as it needs. */
const rate = (perMinute: number): string =>
  perMinute.toLocaleString(undefined, { maximumFractionDigits: perMinute < 10 ? 1 : 0 });

/** @param deadLetters - null when it is not known how many there are: then nothing is said of them */
export function Tiles({ summary, deadLetters }: { summary: Summary; deadLetters: number | null }) {
  const now = useNow();
  const counted = (wanted: string) =>
    summary.counts.reduce((sum, { status, count }) => sum + (status === wanted ? count : 0), 0).toLocaleString();
  const overdue = summary.oldestUnattendedDeadline;
  return (
    <ul class="tiles">
      <Tile
        name="stuck"
        value={summary.stuck.toLocaleString()}
        kind={summary.stuck > 0 ? 'bad' : 'good'}
        href="#/sagas?status=stuck"
      />
      <Tile
        name="oldest missed deadline"
        value={overdue ? formatDuration(now - Date.parse(overdue)) : 'none'}
        kind={overdue ? 'bad' : 'good'}
        href="#/sagas?sort=stalest"
      />
      {deadLetters !== null && (
        <Tile
          name="dead letters"
          value={deadLetters.toLocaleString()}
          kind={deadLetters > 0 ? 'bad' : 'good'}
          href="#/dead-letters"
        />
      )}
      <Tile name="running" value={counted('running')} href="#/sagas?status=running" />
      <Tile name="compensating" value={counted('compensating')} href="#/sagas?status=compensating" />
      <Tile name="completed in the last hour" value={counted('completed')} href="#/sagas?status=completed" />
      <Tile name="compensated in the last hour" value={counted('compensated')} href="#/sagas?status=compensated" />
      <Tile name="started a minute" value={rate(summary.startedPerMinute)} />
      <Tile name="ended a minute" value={rate(summary.endedPerMinute)} />
    </ul>
  );
}
