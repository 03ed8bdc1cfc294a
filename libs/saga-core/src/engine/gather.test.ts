import { gather } from './gather.js';

/** Resolves when told to. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('gather', () => {
  it('handles what comes while a set is in hand as the next set, in order, and answers each its own', async () => {
    const sets: number[][] = [];
    const first = gate();
    const double = gather(
      async (set: readonly number[]) => {
        sets.push([...set]);
        if (sets.length === 1) await first.opened;
        return set.map((value) => value * 2);
      },
      { maxSetSize: 2 },
    );
    const early = double(1);
    await new Promise((resolve) => setImmediate(resolve));
    const later = [double(2), double(3), double(4)];
    first.open();
    expect(await Promise.all([early, ...later])).toEqual([2, 4, 6, 8]);
    expect(sets).toEqual([[1], [2, 3], [4]]);
  });

  it('fails the calls of a set that throws, and only those', async () => {
    const check = gather(
      (set: readonly number[]) => (set.includes(13) ? Promise.reject(new Error('unlucky')) : Promise.resolve(set)),
      {
        maxSetSize: 1,
      },
    );
    const results = await Promise.allSettled([check(12), check(13), check(14)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
