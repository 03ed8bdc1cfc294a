import { createBatcher } from './batcher.js';

/** Resolves when told to. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('createBatcher', () => {
  it('handles what comes while a batch is in hand as the next batch, in order, and answers each its own', async () => {
    const batches: number[][] = [];
    const first = gate();
    const double = createBatcher(
      async (batch: readonly number[]) => {
        batches.push([...batch]);
        if (batches.length === 1) await first.opened;
        return batch.map((value) => value * 2);
      },
      { maxBatchSize: 2 },
    );
    const early = double(1);
    await new Promise((resolve) => setImmediate(resolve));
    const later = [double(2), double(3), double(4)];
    first.open();
    expect(await Promise.all([early, ...later])).toEqual([2, 4, 6, 8]);
    expect(batches).toEqual([[1], [2, 3], [4]]);
  });

  it('fails the calls of a batch that throws, and only those', async () => {
    const check = createBatcher(
      (batch: readonly number[]) =>
        batch.includes(13) ? Promise.reject(new Error('unlucky')) : Promise.resolve(batch),
      {
        maxBatchSize: 1,
      },
    );
    const results = await Promise.allSettled([check(12), check(13), check(14)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
