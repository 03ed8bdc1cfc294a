/** @returns `340 ms`, `2.4 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const two = (size: number, unit: string, part: number, small: string) => {
    const rest = Math.floor((seconds % size) / part);
    return `${Math.floor(seconds / size)} ${unit}${rest > 0 ? ` ${rest} ${small}` : ''}`;
  };
  if (seconds < 3_600) return two(60, 'min', 1, 's');
  if (seconds < 86_400) return two(3_600, 'h', 60, 'min');
  return two(86_400, 'd', 3_600, 'h');
}
