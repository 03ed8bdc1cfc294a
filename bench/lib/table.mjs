const number = (value, digits = 1) => (value === null || value === undefined ? '–' : value.toFixed(digits));
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

/**
 * @param {object[]} results one for each turn of each scenario
 * @returns {string} a table with a row for each scenario: medians of its turns, the spread of the rate, and the ratio to the floor of the same turn
 */
export function tableOf(results) {
  const titles = [...new Set(results.map(({ title }) => title))];
  const rows = titles.map((title) => {
    const turns = results.filter((result) => result.title === title);
    const of = (read) => median(turns.map(read));
    const floors = turns.flatMap(({ floor }) => floor ?? []);
    const rates = turns.map(({ perSecond }) => perSecond);
    return {
      scenario: title,
      'sagas/s': `${number(
        of(({ perSecond }) => perSecond),
        0,
      )} (${number(Math.min(...rates), 0)}–${number(Math.max(...rates), 0)})`,
      'floor/s': floors.length > 0 ? number(median(floors.map(({ perSecond }) => perSecond)), 0) : '–',
      ratio:
        floors.length > 0 ? number(median(turns.map(({ perSecond, floor }) => perSecond / floor.perSecond)), 2) : '–',
      'p50 ms': number(of(({ p50 }) => p50)),
      'p99 ms': number(of(({ p99 }) => p99)),
      'floor p50': floors.length > 0 ? number(median(floors.map(({ p50 }) => p50))) : '–',
      'stmt/saga': number(
        of(({ statements }) => statements),
        2,
      ),
      'tx/saga': number(
        of(({ transactions }) => transactions),
        2,
      ),
      'msg/saga': number(
        of(({ messages }) => messages),
        2,
      ),
      'WAL B/saga': number(
        of(({ walBytes }) => walBytes),
        0,
      ),
      foreign: `${number(
        of(({ foreignShare }) => foreignShare * 100),
        0,
      )} %`,
    };
  });
  const details = titles.map((title) => {
    const last = results.findLast((result) => result.title === title);
    const list = (record, digits) =>
      Object.entries(record)
        .map(([name, value]) => `${name} ${number(value, digits)}`)
        .join(', ');
    const turnedAway = last.turnedAway > 0 ? `; ${last.turnedAway} turned away with 429` : '';
    return [
      `${title}: ${Object.entries(last.outcomes)
        .map(([outcome, count]) => `${count} ${outcome}`)
        .join(', ')}${turnedAway}`,
      `  CPU s per 1,000 sagas: ${list(last.cpuSecondsPerThousand, 2)}`,
      `  peak memory, MiB: ${list(last.peakMiB, 0)}`,
      `  memory in each tenth of the time, MiB: ${Object.entries(last.memoryMiB)
        .map(([name, means]) => `${name} ${means.map((mean) => number(mean, 0)).join(' ')}`)
        .join('; ')}`,
    ].join('\n');
  });
  return [columns(rows), ...details].join('\n');
}

function columns(rows) {
  const headers = Object.keys(rows[0]);
  const widths = headers.map((header) => Math.max(header.length, ...rows.map((row) => row[header].length)));
  const line = (cells) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index]))
      .join('  ')
      .trimEnd();
  return [line(headers), ...rows.map((row) => line(headers.map((header) => row[header])))].join('\n');
}
