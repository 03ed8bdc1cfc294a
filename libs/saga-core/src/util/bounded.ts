/** What a history keeps of values that others made: each attempt may bring one, and nobody bounds them but this. */
import { CONSTANTS } from '../settings.js';

/** @returns the value itself, or the beginning of its JSON as text where that is too long; never what has no JSON */
export function bounded(value: unknown, limit: number = CONSTANTS.maxKeptChars): unknown {
  const json = jsonOf(value);
  if (json === undefined) return '(no JSON)';
  return json.length > limit ? `${json.slice(0, limit - 1)}…` : value;
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
