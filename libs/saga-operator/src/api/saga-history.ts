/** A saga's history page by page: a troubled one is long, and what participants answered may be large. */
import type { SagaView } from 'saga-core';
import { truncate } from './truncate.js';

type Entries = SagaView['history'];

/** The most entries that are shown with a saga. */
const MAX_SHOWN = 500;
/** A value of an entry that is longer, in characters of JSON, is shortened there. */
const MAX_VALUE_CHARS = 8_000;
/** About how much one page of a history holds, in characters of JSON. */
const PAGE_CHARS = 1_000_000;
const VALUES = ['payload', 'reply', 'details', 'data', 'before', 'after'] as const;

/** @returns the end of a history, and how many entries before it are left out. */
export function latestHistory(history: Entries): { history: Entries; earlier: number } {
  const first = startOfLatest(history);
  return { history: history.slice(first).map(truncateEntry), earlier: first };
}

/**
 * @param before - the number of an input; null for the end of the history
 * @param limit - the most entries; those of one input stay together
 * @returns entries as they are, oldest first, of inputs before that, and the `before` of the page before them; null
 * when there is none
 */
export function historyPage(
  history: Entries,
  before: number | null,
  limit: number,
): { items: Entries; nextBefore: number | null } {
  const earlier = before === null ? history : history.filter(({ number }) => number < before);
  let first = earlier.length;
  for (let chars = 0; first > 0;) {
    const { number } = earlier[first - 1]!;
    const input = earlier.filter((entry) => entry.number === number);
    chars += JSON.stringify(input).length;
    const isFirst = first === earlier.length;
    if (!isFirst && (earlier.length - first + input.length > limit || chars > PAGE_CHARS)) break;
    first -= input.length;
  }
  return { items: earlier.slice(first), nextBefore: first > 0 ? earlier[first]!.number : null };
}

/** Whole inputs are shown: what one led to belongs together. */
function startOfLatest(history: Entries): number {
  if (history.length <= MAX_SHOWN) return 0;
  const at = history.length - MAX_SHOWN;
  const number = history[at]!.number;
  const next = history.findIndex((entry) => entry.number > number);
  return history[at - 1]!.number === number && next > 0 ? next : at;
}

function truncateEntry(entry: Entries[number]): Entries[number] {
  const long = VALUES.filter(
    (name) => entry[name] !== undefined && JSON.stringify(entry[name]).length > MAX_VALUE_CHARS,
  );
  if (long.length === 0) return entry;
  const short = { ...entry, ...Object.fromEntries(long.map((name) => [name, truncate(entry[name])])) };
  // Its members are values of the saga's data; its shape stays.
  if (long.includes('data')) {
    const { before = {}, after = {} } = entry.data ?? {};
    short.data = {
      before: truncate(before) as Record<string, unknown>,
      after: truncate(after) as Record<string, unknown>,
    };
  }
  return { ...short, shortened: true };
}
