/** Times, durations and names as people read them. */

/** @returns `340 ms`, `2.4 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
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

/** @returns the time of day, with the date unless it is today. */
export function time(at: string): string {
  const date = new Date(at);
  const clock = date.toLocaleTimeString(undefined, { hour12: false });
  return date.toDateString() === new Date().toDateString() ? clock : `${date.toLocaleDateString()} ${clock}`;
}

/** @returns how long ago, roughly: `just now`, `12 s ago`, `3 min ago`. */
export function ago(at: string, now: number): string {
  const ms = now - Date.parse(at);
  return ms < 1_000
    ? 'just now'
    : `${duration(Math.floor(ms / 1_000) * 1_000)
        .split(/(?<=[a-z]) /)[0]!
        .replace('.0', '')} ago`;
}

/** @returns the task without its service: `create_ticket`. */
export const taskName = (step: string): string => step.slice(step.lastIndexOf('.') + 1);

/** @returns the service of a task, or `local`. */
export const serviceOf = (step: string): string => (step.includes('.') ? step.slice(0, step.indexOf('.')) : 'local');

/** @returns `step succeeded` of `step_succeeded`. */
export const humanize = (name: string): string => name.replaceAll('_', ' ').replaceAll('-', ' ');

/** @returns the end of a UUIDv7, where ids differ. */
export const shortId = (id: string): string => `…${id.slice(-12)}`;
