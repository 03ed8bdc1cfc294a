import pino from 'pino';
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import type { DeliveryAttempts, DeliveryKey } from './delivery-attempts.js';
import { guardAgainstCrashLoops } from './crash-loop-guard.js';

const logger = pino({ level: 'silent' });
const nameOf = ({ sequence }: DeliveryKey) => sequence;

/** What outlives a process: the notes in the database, and the letters in the dead-letter queue. */
function lasting() {
  const notes = new Map<number, number>();
  const dead: OutgoingMessage[] = [];
  const attempts: DeliveryAttempts = {
    unfinished: (keys) => Promise.resolve(keys.map((key) => notes.get(nameOf(key)) ?? 0)),
    begin: (keys) => Promise.resolve(keys.forEach((key) => notes.set(nameOf(key), (notes.get(nameOf(key)) ?? 0) + 1))),
    finish: (keys) => Promise.resolve(keys.forEach((key) => notes.delete(nameOf(key)))),
  };
  const publish = (messages: readonly OutgoingMessage[]) => {
    dead.push(...messages);
    return Promise.resolve(messages.map(() => 'confirmed' as const));
  };
  return { notes, dead, attempts, publish };
}

const message = (sequence: number, deliveredBefore = true): IncomingMessage => ({
  exchange: 'saga.commands',
  routingKey: 'hotel.book',
  correlationId: `018f0000-0000-7000-8000-000000000001:${sequence}`,
  replyTo: 'trip_saga.responses',
  headers: {},
  body: Buffer.from('{}'),
  redelivered: deliveredBefore,
  deliveredBefore,
});

const sequenceOf = ({ correlationId }: IncomingMessage) => Number(correlationId!.split(':')[1]);

describe('the guard against crash loops', () => {
  it('parks the message that kills each process, and none of those prefetched beside it', async () => {
    const { attempts, publish, dead, notes } = lasting();
    const handled = new Set<number>();
    const deaths = jest.fn();
    // A dead process never comes back from handling: what it noted stays.
    const life = (batch: readonly IncomingMessage[]): Promise<'alive' | 'dead'> =>
      new Promise((resolve) => {
        const handleBatch = (part: readonly IncomingMessage[]): Promise<void> => {
          if (part.some((item) => sequenceOf(item) === 2)) {
            deaths();
            resolve('dead');
            return new Promise(() => undefined);
          }
          part.forEach((item) => handled.add(sequenceOf(item)));
          return Promise.resolve();
        };
        const guarded = guardAgainstCrashLoops('hotel.commands', handleBatch, attempts, { publish }, logger);
        void guarded(batch).then(() => resolve('alive'));
      });
    expect(await life([1, 2, 3].map((sequence) => message(sequence, false)))).toBe('dead');
    const lives: string[] = [];
    do lives.push(await life([1, 2, 3].map((sequence) => message(sequence))));
    while (lives.at(-1) === 'dead' && lives.length < 10);
    expect(lives).toEqual(['dead', 'dead', 'dead', 'alive']);
    expect(dead.map(({ correlationId, headers }) => [correlationId!.split(':')[1], headers['x-cause']])).toEqual([
      ['2', 'CRASH_LOOP'],
    ]);
    expect([...handled].sort()).toEqual([1, 3]);
    expect(notes.size).toBe(0);
  });

  it('does not count a batch that failed and was survived', async () => {
    const { attempts, publish, dead, notes } = lasting();
    const fail = () => Promise.reject(new Error('the database is away'));
    const guarded = guardAgainstCrashLoops('hotel.commands', fail, attempts, { publish }, logger);
    for (let time = 0; time < 10; time++) await expect(guarded([message(1)])).rejects.toThrow('away');
    expect([dead.length, notes.size]).toEqual([0, 0]);
  });

  it('does not count one either whose note could not be taken back, because the database went away meanwhile', async () => {
    const { attempts, publish, dead, notes } = lasting();
    const handled = jest.fn();
    let isAway = false;
    const finish: DeliveryAttempts['finish'] = (keys) =>
      isAway ? Promise.reject(new Error('the database is away')) : attempts.finish(keys);
    const handleBatch = () => (isAway ? Promise.reject(new Error('the database is away')) : Promise.resolve(handled()));
    const begin: DeliveryAttempts['begin'] = async (keys) => {
      await attempts.begin(keys);
      isAway = handled.mock.calls.length === 0 && ++outages <= 10;
    };
    let outages = 0;
    const guarded = guardAgainstCrashLoops(
      'hotel.commands',
      handleBatch,
      { ...attempts, begin, finish },
      { publish },
      logger,
    );
    for (let outage = 0; outage < 10; outage++) {
      await expect(guarded([message(1)])).rejects.toThrow('away');
      isAway = false;
    }
    await guarded([message(1)]);
    expect(handled).toHaveBeenCalledTimes(1);
    expect([dead.length, notes.size]).toEqual([0, 0]);
  });

  it('forgets at last what could not be forgotten while a suspect of another batch was', async () => {
    const { attempts, publish, notes } = lasting();
    let answer = (): void => undefined;
    const slow = new Promise<void>((resolve) => (answer = resolve));
    const finish: DeliveryAttempts['finish'] = async (keys) => {
      if (keys.some((key) => nameOf(key) === 2)) {
        if (finishes++ === 0) throw new Error('the database is away');
      } else await slow;
      await attempts.finish(keys);
    };
    let finishes = 0;
    const guarded = guardAgainstCrashLoops(
      'hotel.commands',
      () => Promise.resolve(),
      { ...attempts, finish },
      { publish },
      logger,
    );
    const first = guarded([message(1)]);
    while (!notes.has(1)) await Promise.resolve();
    // Until it waits for the first one's end.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    await expect(guarded([message(2)])).rejects.toThrow('away');
    answer();
    await first;
    await guarded([message(3, false)]);
    expect([...notes]).toEqual([]);
  });

  it('takes no note of a routing key that is none', async () => {
    const { attempts, publish } = lasting();
    const begin = jest.spyOn(attempts, 'begin');
    const handleBatch = jest.fn(() => Promise.resolve());
    const hostile = { ...message(1), routingKey: 'hotel.book\0' };
    await guardAgainstCrashLoops('hotel.commands', handleBatch, attempts, { publish }, logger)([hostile]);
    expect([begin.mock.calls.length, handleBatch.mock.calls]).toEqual([0, [[[hostile]]]]);
  });

  it('handles a message that comes for the first time beside one of the same name that was delivered before', async () => {
    const { attempts, publish } = lasting();
    const handled: IncomingMessage[] = [];
    const handleBatch = (batch: readonly IncomingMessage[]) => Promise.resolve(void handled.push(...batch));
    const batch = [message(1), message(1, false), message(2, false)];
    await guardAgainstCrashLoops('hotel.commands', handleBatch, attempts, { publish }, logger)(batch);
    expect(new Set(handled)).toEqual(new Set(batch));
    expect(handled).toHaveLength(3);
  });

  it('handles it alone when processes died of its like, and also when its like is parked', async () => {
    const { attempts, publish, dead, notes } = lasting();
    const batches: IncomingMessage[][] = [];
    const handleBatch = (batch: readonly IncomingMessage[]) => Promise.resolve(void batches.push([...batch]));
    const [before, fresh, other] = [message(1), message(1, false), message(2, false)];
    const guarded = guardAgainstCrashLoops('hotel.commands', handleBatch, attempts, { publish }, logger);
    notes.set(1, 1);
    await guarded([before, fresh, other]);
    expect(batches).toEqual([[other], [before, fresh]]);
    notes.set(1, 3);
    await guarded([before, fresh, other]);
    expect(batches.slice(2)).toEqual([[other], [fresh]]);
    expect([dead.length, notes.size]).toEqual([1, 0]);
  });

  it('says that a message is not done while no queue has its letter, and handles it no more', async () => {
    const { attempts, notes } = lasting();
    const publish = (messages: readonly OutgoingMessage[]) => Promise.resolve(messages.map(() => 'returned' as const));
    const handleBatch = jest.fn(() => Promise.resolve());
    notes.set(1, 3);
    const guarded = guardAgainstCrashLoops('hotel.commands', handleBatch, attempts, { publish }, logger);
    for (let time = 0; time < 2; time++)
      expect(await guarded([message(1)])).toEqual({ later: [message(1)], suspects: [] });
    expect([handleBatch.mock.calls.length, notes.get(1)]).toEqual([0, 3]);
  });

  it('takes no detour for messages that come for the first time', async () => {
    const { publish } = lasting();
    const never: DeliveryAttempts = { unfinished: jest.fn(), begin: jest.fn(), finish: jest.fn() };
    const handleBatch = jest.fn(() => Promise.resolve());
    const batch = [message(1, false), message(2, false)];
    await guardAgainstCrashLoops('hotel.commands', handleBatch, never, { publish }, logger)(batch);
    expect(handleBatch.mock.calls).toEqual([[batch]]);
    expect(never.unfinished).not.toHaveBeenCalled();
  });
});
