import pino from 'pino';
import { purgeLoop, pollLoop } from './poll-loop.js';

let lines: { msg: string; reason: string }[];
let logger: pino.Logger;
let stopping: AbortController;
beforeEach(() => {
  lines = [];
  logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[0]) });
  stopping = new AbortController();
});

/** A day between rounds: whoever waits for it, waits in vain. */
const rounds = (round: () => Promise<boolean>) =>
  pollLoop(round, { what: 'mending', pauseMs: 86_400_000, signal: stopping.signal, logger });

describe('pollLoop', () => {
  it('tries a failing round again soon, says so, and begins the next at once while there is more', async () => {
    const outcomes = [new Error('no database'), new Error('still none'), true, true, false];
    let count = 0;
    await rounds(async () => {
      const outcome = outcomes[count++]!;
      if (outcome instanceof Error) throw outcome;
      if (!outcome) stopping.abort();
      return outcome;
    });
    expect(count).toBe(5);
    expect(lines).toMatchObject([
      { msg: 'a poll failed; trying again', poll: 'mending', reason: 'no database' },
      { msg: 'a poll failed; trying again', poll: 'mending', reason: 'still none' },
    ]);
  });

  it('ends a pause at once when it is to stop, and begins nothing afterwards', async () => {
    let count = 0;
    const running = rounds(async () => {
      count++;
      setImmediate(() => stopping.abort());
      return false;
    });
    await running;
    await rounds(async () => Boolean(count++));
    expect(count).toBe(1);
  });
});

it('purging does nothing when rows are kept for ever', async () => {
  await purgeLoop(null, () => Promise.reject(new Error('nothing is to be purged')), {
    signal: stopping.signal,
    logger,
  });
  expect(lines).toEqual([]);
});
