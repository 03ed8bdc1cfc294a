import { inBatches } from '../contract/handler.js';
import { isRefusal, refuse } from '../contract/outcome.js';
import { BatchHandlerFailed, optimistically, runHandler, TransactionBroken } from './run-handler.js';

/** A transaction whose writes are a list, taken back like those after a savepoint. */
function session() {
  const writes: string[] = [];
  const state = { isLost: false };
  return {
    writes,
    tx: writes,
    abandon: () => void (state.isLost = true),
    resetSession: () => Promise.resolve(),
    async isolated<Result>(work: () => Promise<Result>): Promise<Result> {
      const before = writes.length;
      try {
        return await work();
      } catch (error) {
        writes.length = before;
        throw state.isLost ? new TransactionBroken(error, new Error('lost')) : error;
      }
    },
  };
}
const isolated = { mode: 'isolated', timeoutMs: 60_000, keepsNothing: () => false } as const;

describe('runHandler', () => {
  it('keeps the neighbours of an input that throws in a batch', async () => {
    const tx = session();
    const handler = inBatches((writes: string[], inputs: readonly string[]) => {
      writes.push(...inputs);
      if (inputs.includes('bad')) return Promise.reject(new Error('no'));
      return Promise.resolve(inputs.map((input) => input.toUpperCase()));
    });
    await expect(runHandler(tx, handler, ['a', 'bad', 'b'], { ...isolated, mode: 'optimistic' })).rejects.toThrow(
      BatchHandlerFailed,
    );
    tx.writes.length = 0;
    const handled = await runHandler(tx, handler, ['a', 'bad', 'b'], isolated);
    expect(handled).toEqual([{ answer: 'A' }, { thrown: new Error('no') }, { answer: 'B' }]);
    expect(tx.writes).toEqual(['a', 'b']);
  });

  it('takes back what a single handler wrote before it refused', async () => {
    const tx = session();
    const handled = await runHandler(
      tx,
      (writes: string[], input: string) => {
        writes.push(input);
        return Promise.resolve(input === 'bad' ? refuse('NO', 'no') : {});
      },
      ['a', 'bad'],
      { ...isolated, keepsNothing: isRefusal },
    );
    expect(handled).toEqual([{ answer: {} }, { answer: refuse('NO', 'no') }]);
    expect(tx.writes).toEqual(['a']);
  });

  it('blames nobody for how an error looks: what a handler throws is its own', async () => {
    const lost = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(await runHandler(session(), () => Promise.reject(lost), ['a'], isolated)).toEqual([{ thrown: lost }]);
  });

  it('breaks the transaction of a handler that takes too long, and names its input', async () => {
    const handler = (_tx: unknown, input: string) =>
      input === 'idle' ? new Promise<never>(() => undefined) : Promise.resolve(input);
    const run = runHandler(session(), handler, ['a', 'idle', 'b'], { ...isolated, timeoutMs: 20 });
    await expect(run).rejects.toMatchObject({ name: 'TransactionBroken', suspect: 'idle' });
  });

  it('is optimistic at first, and isolates inputs only when that was in vain', async () => {
    const modes: string[] = [];
    const told = jest.fn();
    const result = await optimistically((mode) => {
      modes.push(mode);
      return mode === 'optimistic' ? Promise.reject(new BatchHandlerFailed(new Error('no'))) : Promise.resolve('done');
    }, told);
    expect([result, modes]).toEqual(['done', ['optimistic', 'isolated']]);
    expect(told).toHaveBeenCalledWith(new Error('no'));
    await expect(optimistically(() => Promise.reject(new Error('lost')), told)).rejects.toThrow('lost');
  });

  it('does not take a batch handler at its word when it answers too few', async () => {
    const short = inBatches((_writes: string[], inputs: readonly string[]) => Promise.resolve(inputs.slice(1)));
    const handled = await runHandler(session(), short, ['a', 'b'], isolated);
    expect(handled).toEqual([
      { thrown: expect.objectContaining({ code: 'HANDLER_CONTRACT' }) as unknown },
      { thrown: expect.any(Error) as unknown },
    ]);
  });
});
