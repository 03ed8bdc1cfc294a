import { deadLetter } from './dead-letter.js';
import { storedDeadLetter } from './stored-dead-letter.js';
import type { IncomingMessage } from './message.js';

const QUEUE = 'depot.commands';
const message: IncomingMessage = {
  exchange: 'saga.commands',
  routingKey: 'depot.send',
  correlationId: 'id:1',
  replyTo: 'parcel_saga.responses',
  headers: { traceparent: '00-1', 'x-saga-attempt': 2 },
  body: Buffer.from('{}'),
  redelivered: false,
  deliveredBefore: false,
};
const stored = (changes: Partial<IncomingMessage> = {}, queue = QUEUE) => {
  const { correlationId, replyTo, headers, body } = deadLetter(
    { ...message, ...changes },
    queue,
    'CRASH_LOOP',
    '3 deaths',
  );
  return { correlationId, replyTo, headers, body };
};
const death = (exchange: string, key: string) => ({
  'x-death': [{ queue: QUEUE, exchange, 'routing-keys': [key], reason: 'delivery_limit', count: 1 }],
  'x-first-death-reason': 'delivery_limit',
  'x-delivery-count': 100,
});

describe('a letter in a dead-letter queue', () => {
  it('goes again as it came, without what was noted on it', () => {
    const letter = storedDeadLetter(QUEUE, stored());
    expect(letter).toMatchObject({ cause: 'CRASH_LOOP', detail: '3 deaths', routingKey: 'depot.send' });
    const { exchange, routingKey, correlationId, replyTo, headers, body } = message;
    expect(letter.replay).toEqual({ exchange, routingKey, correlationId, replyTo, headers, body });
  });

  it('is understood when the broker gave it up, whatever a sender has written on it', () => {
    const headers = { ...message.headers, 'x-cause': 'NONE', ...death('saga.commands', 'depot.send') };
    const letter = storedDeadLetter(QUEUE, { ...stored(), headers });
    expect(letter).toMatchObject({ cause: 'delivery_limit', exchange: 'saga.commands', routingKey: 'depot.send' });
    expect(letter.replay?.headers).toEqual(message.headers);
  });

  it('is the same letter however often it was looked at, and another one with another body', () => {
    const { id } = storedDeadLetter(QUEUE, stored());
    const seen = stored();
    expect(storedDeadLetter(QUEUE, { ...seen, headers: { ...seen.headers, 'x-delivery-count': 3 } }).id).toBe(id);
    expect(storedDeadLetter(QUEUE, stored({ body: Buffer.from('{ }') })).id).not.toBe(id);
  });

  it.each([
    ['another exchange', QUEUE, { exchange: 'amq.topic' }],
    ['straight into the queue', QUEUE, { exchange: '' }],
    ['another service', QUEUE, { routingKey: 'bank.pay' }],
    ['no task', QUEUE, { routingKey: 'depot' }],
    ['a reply in a command queue', QUEUE, { routingKey: 'depot.send.response.success' }],
    [
      "another saga's replies",
      'parcel_saga.responses',
      { exchange: 'other_saga.responses', routingKey: 'depot.send.response.success' },
    ],
  ])('does not go again when it came otherwise: %s', (_way, queue, changes) => {
    expect(storedDeadLetter(queue, stored(changes, queue)).replay).toBeNull();
  });

  it('of a reply goes to its saga again', () => {
    const queue = 'parcel_saga.responses';
    const letter = storedDeadLetter(
      queue,
      stored({ exchange: queue, routingKey: 'depot.send.response.success' }, queue),
    );
    expect(letter.replay).toMatchObject({ exchange: queue, routingKey: 'depot.send.response.success' });
  });
});
