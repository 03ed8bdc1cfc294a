import pino from 'pino';
import { DEAD_LETTER_HEADERS, deadLetter } from '../contract/dead-letter.js';
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import { ensureDeadLettered } from './ensure-dead-lettered.js';
import type { PublishOutcome } from './transport.js';

const logger = pino({ level: 'silent' });
const message: IncomingMessage = {
  exchange: 'saga.commands',
  routingKey: 'hotel.book',
  correlationId: 'c1',
  replyTo: 'trip_saga.responses',
  headers: { ['k'.repeat(200)]: 'v' },
  body: Buffer.from('{'),
  redelivered: false,
  deliveredBefore: false,
};
const deadLettered = { message, letter: deadLetter(message, 'hotel.commands', 'UNPARSEABLE', 'not JSON') };

/** Keeps one letter of which the broker said this, and then of its second form that. */
async function keep(first: PublishOutcome, second: PublishOutcome) {
  const again: OutgoingMessage[] = [];
  const publish = (messages: readonly OutgoingMessage[]) => {
    again.push(...messages);
    return Promise.resolve(messages.map(() => second));
  };
  return { undone: await ensureDeadLettered([deadLettered], [first], { publish }, logger), again };
}

it('has a letter that was refused published once more, without foreign headers, its cause kept', async () => {
  const { undone, again } = await keep('refused', 'confirmed');
  expect([undone, again.length]).toEqual([[], 1]);
  expect(Object.keys(again[0]!.headers).sort()).toEqual(Object.values(DEAD_LETTER_HEADERS).sort());
  expect(again[0]).toMatchObject({ correlationId: 'c1', body: message.body, headers: { 'x-cause': 'UNPARSEABLE' } });
});

it.each(['returned', 'refused'] as const)(
  'tells that a message is not done when no queue has its letter: %s',
  async (fate) => {
    expect((await keep(fate, fate)).undone).toEqual([message]);
  },
);

it('has nothing to do for a letter that is kept', async () => {
  expect(await keep('confirmed', 'confirmed')).toEqual({ undone: [], again: [] });
});
