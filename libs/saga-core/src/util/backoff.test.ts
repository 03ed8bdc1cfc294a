import { backoffMs, recoveryPauseMs } from './backoff.js';

const backoff = { initialMs: 100, factor: 3, maxMs: 1_000 };

it('grows by its factor, up to its maximum', () => {
  expect([1, 2, 3, 4].map((attempt) => backoffMs(backoff, attempt))).toEqual([100, 300, 900, 1_000]);
});

it('spreads by the key, a fifth at the most, and always the same', () => {
  const pauses = Array.from({ length: 100 }, (_, index) => backoffMs(backoff, 2, `saga ${index}`));
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(240);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(360);
  expect(new Set(pauses).size).toBeGreaterThan(50);
  expect(backoffMs(backoff, 2, 'saga 7')).toBe(pauses[7]);
});

it('doubles the pauses of recovery, up to a few seconds', () => {
  expect([1, 2, 3, 10].map(recoveryPauseMs)).toEqual([100, 200, 400, 3_000]);
});
