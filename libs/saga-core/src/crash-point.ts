/**
 * Named points between the steps that must not be torn apart. Tests crash processes there, real ones and simulated
 * ones; otherwise passing one costs a comparison.
 */

export const CRASH_POINTS = [
  'participant:before-commit',
  'participant:after-commit',
  'participant:after-publish',
  'orchestrator:before-commit',
  'orchestrator:after-commit',
  'orchestrator:after-publish',
  'start:before-commit',
  'start:after-commit',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

let onPass: ((point: CrashPoint) => void) | null = null;

/** @param handler - called whenever a point is passed, and may not return; null for none */
export function watchCrashPoints(handler: ((point: CrashPoint) => void) | null): void {
  onPass = handler;
}

/** Marks a point of the code. */
export function crashPoint(point: CrashPoint): void {
  onPass?.(point);
}
