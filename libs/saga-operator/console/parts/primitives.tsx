/** Small parts that many screens share. */
import type { SagaSummary } from '../../src/api/schemas/index.js';
import { humanize } from '../lib/format.js';

/** A status as a coloured word; the word alone says it. */
export function Badge({ status }: { status: string }) {
  return <span class={`badge ${status}`}>{humanize(status)}</span>;
}

/** A value as indented JSON, folded away. */
export function Json({ title, value }: { title: string; value: unknown }) {
  return (
    <details class="json">
      <summary>{title}</summary>
      <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
    </details>
  );
}

/** How often something happened, as a line; its numbers are told in words too. */
export function Sparkline({ trend }: { trend: readonly { at: string; count: number }[] }) {
  const most = Math.max(1, ...trend.map(({ count }) => count));
  const x = (index: number) => (index / Math.max(1, trend.length - 1)) * 118 + 1;
  const y = (count: number) => 27 - (count / most) * 25;
  const points = trend.map(({ count }, index) => `${x(index).toFixed(1)},${y(count).toFixed(1)}`).join(' ');
  const total = trend.reduce((sum, { count }) => sum + count, 0);
  return (
    <svg
      class="spark"
      viewBox="0 0 120 28"
      role="img"
      aria-label={`${total} over the time shown, at most ${most} at once`}
    >
      <polygon points={`1,27 ${points} 119,27`} class="area" />
      <polyline points={points} />
    </svg>
  );
}

/** Puts a changed saga in the place of its older self. @returns the same list when it is not in it */
export function replaceSaga(list: readonly SagaSummary[], saga: SagaSummary): readonly SagaSummary[] {
  return list.map((each) => (each.id === saga.id && each.version <= saga.version ? saga : each));
}

/** Whether what is seen moves by itself. */
export function Live({ on }: { on: boolean }) {
  return (
    <span class={`live ${on ? 'on' : ''}`} role="status">
      {on ? 'live' : 'connecting …'}
    </span>
  );
}
