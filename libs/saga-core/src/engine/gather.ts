/**
 * Sets, not items: calls that come while an earlier set is being handled wait together and are handled as the next one. When nothing is in hand a call is
 * handled at once, as a set of one; nothing waits for company.
 */

interface Waiting<Input, Result> {
  readonly input: Input;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * @param handleSet - answers as many, in the same order, as it was given; when it throws, every call of the set fails with that
 * @param options.maxSetSize - the most inputs in one set
 * @returns a function for one input
 */
export function gather<Input, Result>(
  handleSet: (inputs: readonly Input[]) => Promise<readonly Result[]>,
  options: { maxSetSize: number },
): (input: Input) => Promise<Result> {
  const waiting: Waiting<Input, Result>[] = [];
  let working = false;

  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const set = waiting.splice(0, options.maxSetSize);
      try {
        const results = await handleSet(set.map(({ input }) => input));
        set.forEach(({ resolve }, index) => resolve(results[index]!));
      } catch (error) {
        for (const { reject } of set) reject(error);
      }
    }
    working = false;
  };

  return (input) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      if (working) return;
      working = true;
      // What arrives in the same turn of the event loop belongs to the same set.
      setImmediate(() => void work());
    });
}
