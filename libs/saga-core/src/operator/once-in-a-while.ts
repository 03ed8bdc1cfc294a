/**
 * @param ask - costs something, and is asked by every page that is open
 * @returns the same, asked every two seconds at most however many want to know, and by one at a time
 */
export function onceInAWhile<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let known: { value: Promise<Value>; until: number } | null = null;
  return () => {
    if (known && known.until > performance.now()) return known.value;
    const value = ask();
    known = { value, until: Infinity };
    value.then(
      () => (known = { value, until: performance.now() + 2_000 }),
      () => (known = null),
    );
    return value;
  };
}
