import { DEAD_LETTER_EXCHANGE } from '../contract/routing.js';
import { assertDeadLettersKept } from './kept-dead-letters.js';

const to = (exchange: string) => ({ exchange, routingKey: 'hotel.commands', headers: {}, body: Buffer.from('{}') });

it('fails for a dead letter that no queue takes, and for nothing else', () => {
  const messages = [to('trip_saga.responses'), to(DEAD_LETTER_EXCHANGE)];
  expect(() => assertDeadLettersKept(messages, ['returned', 'confirmed'])).not.toThrow();
  expect(() => assertDeadLettersKept(messages, ['confirmed', 'returned'])).toThrow(/hotel\.commands is missing/);
});
