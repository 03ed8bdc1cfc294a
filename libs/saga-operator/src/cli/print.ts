/** What people read. */

/** @returns text without what a terminal would obey: much of what is shown was written by others */
export const printable = (value: unknown): string =>
  // eslint-disable-next-line no-control-regex -- these are the characters
  (typeof value === 'string' ? value : JSON.stringify(value ?? null)).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');

/** @returns rows under their headings, in columns; the last column is as wide as it likes */
export function table(headings: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [headings, ...rows].map((row) =>
    row.map((cell) => (cell === null || cell === '' ? '–' : printable(cell))),
  );
  const widths = headings.map((_heading, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join('  '),
    )
    .join('\n');
}

/** Writes a line, or a few. */
export const printLine = (text: string): void => void process.stdout.write(`${text}\n`);

/** Writes what a program reads: one JSON document. */
export const printJson = (value: unknown): void => printLine(JSON.stringify(value, null, 2));
