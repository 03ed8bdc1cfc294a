/** Where two JSON values differ. */

/** A value that differs; undefined where there is none. */
export interface Change {
  /** `items.0.quantity`; `(whole)` when the values differ as a whole. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * @returns the differences, as deep as they lie: what was there first, in its order, then what is new; empty when the
 * values are equal
 */
export function diffJson(before: unknown, after: unknown, path: readonly string[] = []): Change[] {
  if (hasParts(before) && hasParts(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = Object.keys({ ...before, ...after });
    return names.flatMap((name) => diffJson(before[name], after[name], [...path, name]));
  }
  return before === after ? [] : [{ path: path.join('.') || '(whole)', before, after }];
}

const hasParts = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
