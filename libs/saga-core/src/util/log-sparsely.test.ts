import pino from 'pino';
import { CONSTANTS } from '../settings.js';
import { logSparsely } from './log-sparsely.js';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly id?: number;
  readonly count?: number;
  readonly total?: number;
  readonly examples?: readonly object[];
}

let lines: Line[];
let logger: pino.Logger;
beforeEach(() => {
  jest.useFakeTimers();
  lines = [];
  logger = pino({ base: null, timestamp: false }, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
});
afterEach(() => jest.useRealTimers());

const note = (id: number, message = 'it is late') => logSparsely(logger, 'info', { id }, message);
const pass = () => jest.advanceTimersByTime(CONSTANTS.logEveryMs);

describe('logSparsely', () => {
  it('writes the first at once, and tells of the others with their number and some of them', () => {
    for (let id = 1; id <= 1_000; id++) note(id);
    expect(lines).toEqual([{ level: 30, id: 1, msg: 'it is late' }]);
    pass();
    expect(lines.slice(1)).toEqual([
      { level: 30, count: 999, total: 1_000, examples: [2, 3, 4, 5, 6].map((id) => ({ id })), msg: 'it is late' },
    ]);
  });

  it('has an example of another reason among those of one that is frequent', () => {
    const tell = (reason: string) => logSparsely(logger, 'warn', { reason }, 'it failed');
    for (let time = 0; time < 20; time++) tell('a lost race');
    tell('a full disk');
    for (let time = 0; time < 20; time++) tell('a lost race');
    pass();
    expect(lines[1]!.examples).toContainEqual({ reason: 'a full disk' });
  });

  it('writes one line for each span of a flood that goes on, and then is silent', () => {
    for (let second = 0; second < 4; second++) {
      note(second);
      note(second);
      pass();
    }
    expect(lines.map(({ count }) => count)).toEqual([undefined, 1, 2, 2, 2]);
    expect(lines.at(-1)!.total).toBe(8);
    for (let span = 0; span < 5; span++) pass();
    expect(lines).toHaveLength(5);
  });

  it('writes at once again after a silence', () => {
    note(1);
    pass();
    note(2);
    expect(lines.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('keeps kinds and loggers apart', () => {
    const other: Line[] = [];
    note(1, 'one');
    note(2, 'two');
    logSparsely(pino({}, { write: (line: string) => other.push(JSON.parse(line) as Line) }), 'warn', { id: 3 }, 'one');
    expect(lines.map(({ msg }) => msg)).toEqual(['one', 'two']);
    expect(other).toMatchObject([{ level: 40, id: 3, msg: 'one' }]);
  });
});
