import type { Speed } from './latencies.js';
import type { Measurement } from './measure.js';

/** One turn of one scenario. */
export interface Result extends Measurement {
  readonly name: string;
  readonly title: string;
  readonly turn: number;
  /** Of the same turn; null where the scenario has none. */
  readonly floor: Speed | null;
}

/**
 * @param results - one for each turn of each scenario
 * @returns a table with a row for each scenario: medians of its turns, the spread of the rate, and the ratio to the
 *   floor of the same turn; below it, more of the last turn
 */
export function tableOf(results: readonly Result[]): string {
  const titles = [...new Set(results.map(({ title }) => title))];
  const groups = titles.map((title) => results.filter((result) => result.title === title));
  return [columns(groups.map(rowOf)), ...groups.map((turns) => detailsOf(turns.at(-1)!))].join('\n');
}

function rowOf(turns: readonly Result[]): Readonly<Record<string, string>> {
  const of = (read: (result: Result) => number | null | undefined) => median(turns.map(read));
  const ofFloor = (read: (floor: Speed) => number | null) => of(({ floor }) => floor && read(floor));
  const rates = turns.map(({ perSecond }) => perSecond);
  const rate = of(({ perSecond }) => perSecond);
  return {
    scenario: turns[0]!.title,
    'sagas/s': `${rounded(rate, 0)} (${rounded(Math.min(...rates), 0)}–${rounded(Math.max(...rates), 0)})`,
    'floor/s': rounded(
      ofFloor(({ perSecond }) => perSecond),
      0,
    ),
    ratio: rounded(
      of(({ perSecond, floor }) => floor && perSecond / floor.perSecond),
      2,
    ),
    'p50 ms': rounded(of(({ p50 }) => p50)),
    'p99 ms': rounded(of(({ p99 }) => p99)),
    'floor p50': rounded(ofFloor(({ p50 }) => p50)),
    'stmt/saga': rounded(
      of(({ statements }) => statements),
      2,
    ),
    'tx/saga': rounded(
      of(({ transactions }) => transactions),
      2,
    ),
    'msg/saga': rounded(
      of(({ messages }) => messages),
      2,
    ),
    'WAL B/saga': rounded(
      of(({ walBytes }) => walBytes),
      0,
    ),
    foreign: `${rounded(
      of(({ foreignShare }) => foreignShare * 100),
      0,
    )} %`,
  };
}

function detailsOf(result: Result): string {
  const { title, outcomes, rejected429, cpuSecondsPerThousand, peakMiB, memoryMiB } = result;
  const ends = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  const list = (record: Readonly<Record<string, number>>, digits: number) =>
    Object.entries(record)
      .map(([name, value]) => `${name} ${rounded(value, digits)}`)
      .join(', ');
  const tenths = Object.entries(memoryMiB).map(
    ([name, means]) => `${name} ${means.map((mean) => rounded(mean, 0)).join(' ')}`,
  );
  return [
    `${title}: ${ends.join(', ')}${rejected429 > 0 ? `; ${rejected429} rejected with 429` : ''}`,
    `  CPU s per 1,000 sagas: ${list(cpuSecondsPerThousand, 2)}`,
    `  peak memory, MiB: ${list(peakMiB, 0)}`,
    `  memory in each tenth of the time, MiB: ${tenths.join('; ')}`,
  ].join('\n');
}

/** @returns the median of those that there are */
function median(values: readonly (number | null | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value != null).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

const rounded = (value: number | undefined, digits = 1): string => value?.toFixed(digits) ?? '–';

function columns(rows: readonly Readonly<Record<string, string>>[]): string {
  const headers = Object.keys(rows[0]!);
  const widths = headers.map((header) => Math.max(header.length, ...rows.map((row) => row[header]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd();
  return [line(headers), ...rows.map((row) => line(headers.map((header) => row[header]!)))].join('\n');
}
