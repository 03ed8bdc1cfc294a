/**
 * @param everyMs - in milliseconds
 * @param ask - costs something, and is asked by everyone who looks
 * @returns the same, asked once in so long at most however many want to know, and by one at a time; a failure is not
 *   kept
 */
export function memoizeFor<Value>(everyMs: number, ask: () => Promise<Value>): () => Promise<Value> {
  let known: { value: Promise<Value>; until: number } | null = null;
  return () => {
    if (known && known.until > performance.now()) return known.value;
    const value = ask();
    known = { value, until: Infinity };
    value.then(
      () => (known = { value, until: performance.now() + everyMs }),
      () => (known = null),
    );
    return value;
  };
}
