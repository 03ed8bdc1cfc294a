import { setTimeout as delay } from 'node:timers/promises';
import { memoizeFor } from './memoize-for.js';

test('however many ask, it is asked once, and again when its time is over', async () => {
  let asked = 0;
  const ask = memoizeFor(30, async () => ++asked);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(await ask()).toBe(1);
  await delay(40);
  expect(await ask()).toBe(2);
});

test('a failure is told to those who asked, and not kept', async () => {
  const answers = [Promise.reject(new Error('away')), Promise.resolve('there')];
  const ask = memoizeFor(60_000, () => answers.shift()!);
  const together = [ask(), ask()];
  for (const each of together) await expect(each).rejects.toThrow('away');
  expect(await ask()).toBe('there');
});
