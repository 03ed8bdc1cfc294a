import { pino } from 'pino';
import { sagaObservers, type SagaObserver } from './saga-observer.js';
import { commandObservers, type CommandObserver } from '../participant/command-observer.js';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly hook: string;
  readonly reason: string;
}

let lines: Line[];
let logger: pino.Logger;
beforeEach(() => {
  lines = [];
  logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
});

const fail = () => {
  throw new Error('no room');
};
const throwing: Required<SagaObserver & CommandObserver> = {
  known: fail,
  saved: fail,
  idleReply: fail,
  handled: fail,
  batchFailed: fail,
  itemBlamed: fail,
};
const listening = (told: string[]): typeof throwing => ({
  known: () => void told.push('known'),
  saved: () => void told.push('saved'),
  idleReply: () => void told.push('idleReply'),
  handled: () => void told.push('handled'),
  batchFailed: (...args) => void told.push(args.join(' ')),
  itemBlamed: (...args) => void told.push(args.join(' ')),
});

test('an observer of sagas that throws keeps nobody from being told, and its first word is logged', () => {
  const told: string[] = [];
  const observer = sagaObservers([throwing, listening(told)], logger);
  observer.saved([], 0);
  observer.idleReply('q', 'not_a_reply');
  observer.batchFailed('replies', 'item');
  observer.itemBlamed('deadlines', 'REPLY_NOT_APPLIED');
  expect(told).toEqual(['saved', 'idleReply', 'replies item', 'deadlines REPLY_NOT_APPLIED']);
  expect(lines).toMatchObject([{ msg: 'an observer threw', hook: 'saved', reason: 'no room' }]);
});

test('an observer of commands that throws keeps nobody from being told, and its first word is logged', () => {
  const told: string[] = [];
  const observer = commandObservers([throwing, listening(told)], logger);
  observer.handled([], 1);
  observer.batchFailed('commands', 'database');
  observer.itemBlamed('commands', 'HANDLER_FAILED');
  expect(told).toEqual(['handled', 'commands database', 'commands HANDLER_FAILED']);
  expect(lines).toMatchObject([{ msg: 'an observer threw', hook: 'handled' }]);
});

test('what an async observer rejects with is logged as well, and ends no process', async () => {
  const unhandled = jest.fn();
  process.on('unhandledRejection', unhandled);
  // What plain JavaScript may give.
  const saved = (() => Promise.reject(new Error('later'))) as unknown as SagaObserver['saved'];
  const observer = sagaObservers([{ saved }], logger);
  observer.saved([], 0);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(lines).toMatchObject([{ msg: 'an observer threw', reason: 'later' }]);
  expect(unhandled).not.toHaveBeenCalled();
});

test('hooks that an observer does not have are not missed', () => {
  const observer = commandObservers([{ handled: () => undefined }], logger);
  observer.batchFailed('purge', 'database');
  observer.itemBlamed('commands', 'HANDLER_FAILED');
  expect(lines).toEqual([]);
});
