/** Times and names as people read them. */
import { formatDuration } from '../../src/format-duration.js';

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
    : `${formatDuration(Math.floor(ms / 1_000) * 1_000)
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
