/**
 * Calls that come while an earlier batch is being handled wait together, and are handled as the next batch. When
 * nothing is in hand, a call is handled at once, as a batch of one.
 */

interface Waiting<Input, Result> {
  readonly input: Input;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * @param handleBatch - answers as many, in the same order, as it was given; when it throws, every call of the batch
 *   fails with that
 * @param options.maxBatchSize - the most inputs in one batch
 * @returns a function for one input
 */
export function createBatcher<Input, Result>(
  handleBatch: (inputs: readonly Input[]) => Promise<readonly Result[]>,
  options: { maxBatchSize: number },
): (input: Input) => Promise<Result> {
  const waiting: Waiting<Input, Result>[] = [];
  let working = false;

  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, options.maxBatchSize);
      try {
        const results = await handleBatch(batch.map(({ input }) => input));
        batch.forEach(({ resolve }, index) => resolve(results[index]!));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    working = false;
  };

  return (input) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      if (working) return;
      working = true;
      // What arrives in the same turn of the event loop belongs to the same batch.
      setImmediate(() => void work());
    });
}
