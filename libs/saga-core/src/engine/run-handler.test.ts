import { inSets } from '../contract/handler.js';
import { isRefusal, refuse } from '../contract/outcome.js';
import { runHandler, RunAgainCarefully, withHope } from './run-handler.js';

/** A transaction whose writes are a list, taken back like those after a savepoint. */
function session() {
  const writes: string[] = [];
  return {
    writes,
    tx: writes,
    async isolated<Result>(work: () => Promise<Result>): Promise<Result> {
      const before = writes.length;
      try {
        return await work();
      } catch (error) {
        writes.length = before;
        throw error;
      }
    },
  };
}
const careful = { care: 'careful', keepsNothing: () => false, isFatal: () => false } as const;

describe('runHandler', () => {
  it('keeps the neighbours of an input that throws in a set', async () => {
    const tx = session();
    const handler = inSets((writes: string[], inputs: readonly string[]) => {
      writes.push(...inputs);
      if (inputs.includes('bad')) return Promise.reject(new Error('no'));
      return Promise.resolve(inputs.map((input) => input.toUpperCase()));
    });
    await expect(runHandler(tx, handler, ['a', 'bad', 'b'], { ...careful, care: 'hopeful' })).rejects.toThrow(
      RunAgainCarefully,
    );
    tx.writes.length = 0;
    const handled = await runHandler(tx, handler, ['a', 'bad', 'b'], careful);
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
      { ...careful, keepsNothing: isRefusal },
    );
    expect(handled).toEqual([{ answer: {} }, { answer: refuse('NO', 'no') }]);
    expect(tx.writes).toEqual(['a']);
  });

  it('throws on what concerns the whole transaction', async () => {
    const lost = new Error('connection lost');
    await expect(
      runHandler(session(), () => Promise.reject(lost), ['a'], { ...careful, isFatal: (thrown) => thrown === lost }),
    ).rejects.toBe(lost);
  });

  it('hopes at first, and is careful only when that was in vain', async () => {
    const cares: string[] = [];
    const result = await withHope((care) => {
      cares.push(care);
      return care === 'hopeful' ? Promise.reject(new RunAgainCarefully()) : Promise.resolve('done');
    });
    expect([result, cares]).toEqual(['done', ['hopeful', 'careful']]);
    await expect(withHope(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  });

  it('does not take a set handler at its word when it answers too few', async () => {
    const short = inSets((_writes: string[], inputs: readonly string[]) => Promise.resolve(inputs.slice(1)));
    const handled = await runHandler(session(), short, ['a', 'b'], careful);
    expect(handled).toEqual([
      { thrown: expect.objectContaining({ code: 'HANDLER_CONTRACT' }) as unknown },
      { thrown: expect.any(Error) as unknown },
    ]);
  });
});
