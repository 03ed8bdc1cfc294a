import { withTimeout } from './with-timeout.js';

const never = new Promise<never>(() => undefined);
const fail = (): never => {
  throw new Error('too late');
};

it('gives what came in time, and what it failed with', async () => {
  expect(await withTimeout(Promise.resolve(7), 60_000, fail)).toBe(7);
  await expect(withTimeout(Promise.reject(new Error('no')), 60_000, fail)).rejects.toThrow('no');
});

it('gives what stands for what did not come, or throws it', async () => {
  expect(await withTimeout(never, 1, () => null)).toBeNull();
  await expect(withTimeout(never, 1, fail)).rejects.toThrow('too late');
});
