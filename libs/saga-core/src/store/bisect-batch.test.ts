import { HandlerTimeout, TransactionBroken } from './run-handler.js';
import { CONSTANTS } from '../settings.js';
import { bisectBatch, handleIsolated } from './bisect-batch.js';

const isReachable = () => Promise.resolve(true);
const isAway = () => Promise.resolve(false);
const coded = (code: string) => Object.assign(new Error(code), { code });
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a batch', () => {
  it('is handled whole where nothing fails', async () => {
    const handle = jest.fn((items: readonly number[]) => Promise.resolve(items.length));
    expect(await bisectBatch(upTo(200), { handle, isReachable })).toEqual({ results: [200], suspects: [] });
    expect(handle).toHaveBeenCalledTimes(1);
  });

  it('is divided until the guilty ones are alone, and its other items are handled once', async () => {
    const guilty = new Set([3, 4, 77]);
    const handled: number[] = [];
    let transactions = 0;
    const handle = (items: readonly number[]) => {
      transactions++;
      if (items.some((item) => guilty.has(item))) return Promise.reject(coded('25P02'));
      handled.push(...items);
      return Promise.resolve(null);
    };
    const { suspects } = await bisectBatch(upTo(100), { handle, isReachable });
    expect(suspects).toEqual([...guilty]);
    expect(handled.sort((a, b) => a - b)).toEqual(upTo(100).filter((item) => !guilty.has(item)));
    expect(transactions).toBeLessThan(50);
  });

  it('loses only the item that ran when its transaction broke, and those before and after it are tried again at once', async () => {
    const sizes: number[] = [];
    const handle = (items: readonly number[]) => {
      sizes.push(items.length);
      const broken = new TransactionBroken(new HandlerTimeout(1), coded('ECONNRESET'));
      broken.suspect = 42;
      return items.includes(42) ? Promise.reject(broken) : Promise.resolve(items.length);
    };
    expect(await bisectBatch(upTo(100), { handle, isReachable })).toEqual({ results: [42, 57], suspects: [42] });
    expect(sizes).toEqual([100, 42, 57]);
  });

  it('has all its items tried alone when it loses its session, and nobody knows by whom: the others do not wait', async () => {
    const handle = jest.fn(() => Promise.reject(coded('ECONNRESET')));
    expect(await bisectBatch([1, 2, 3], { handle, isReachable })).toEqual({ results: [], suspects: [1, 2, 3] });
    expect(handle).toHaveBeenCalledTimes(1);
  });

  it('is tried again as it is, a few times, when it loses against another transaction', async () => {
    let tries = 0;
    const handle = () => (++tries < CONSTANTS.maxConflicts ? Promise.reject(coded('40P01')) : Promise.resolve('done'));
    expect(await bisectBatch([1, 2], { handle, isReachable })).toEqual({ results: ['done'], suspects: [] });
  });

  it.each([
    ['a connection that is refused', coded('ECONNREFUSED'), isAway],
    ['a disk that is full', coded('53100'), isReachable],
    ['a pool that has no connection to spare', new Error('timeout exceeded when trying to connect'), isReachable],
    ['a table of the library that is missing', coded('42P01'), isAway],
  ])('fails whole, and blames nobody, for %s', async (_what, error, asked) => {
    const handle = jest.fn(() => Promise.reject(error));
    const onFailure = jest.fn();
    await expect(bisectBatch([1, 2], { handle, isReachable: asked, onFailure })).rejects.toBe(error);
    expect(handle).toHaveBeenCalledTimes(1);
    expect(onFailure).toHaveBeenCalledWith('database', error, 2);
  });
});

describe('an item alone', () => {
  const blame = (error: unknown) => `blamed for ${(error as Error).message}`;

  it.each(['40001', '40P01', 'ECONNRESET'])('is tried again after %s, and blamed in the end', async (code) => {
    const handle = jest.fn(() => Promise.reject(coded(code)));
    expect(await handleIsolated(handle, blame, { isReachable })).toBe(`blamed for ${code}`);
    expect(handle).toHaveBeenCalledTimes(CONSTANTS.maxConflicts);
  });

  it('is blamed at once for what it did, with what it threw', async () => {
    const handle = jest.fn(() => Promise.reject(new TransactionBroken(new HandlerTimeout(7), coded('ECONNRESET'))));
    expect(await handleIsolated(handle, blame, { isReachable })).toMatch(/^blamed for It took longer than 7 ms/);
    expect(handle).toHaveBeenCalledTimes(1);
  });

  it('is not blamed while the database is away', async () => {
    const handle = () => Promise.reject(coded('57P01'));
    await expect(handleIsolated(handle, blame, { isReachable: isAway })).rejects.toMatchObject({ code: '57P01' });
  });
});
