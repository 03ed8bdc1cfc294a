import { Type } from '@sinclair/typebox';
import { defineCommand, defineUndo } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import type { SingleHandler } from '../contract/handler.js';
import { simulatedParticipant } from './simulated-participant.js';

const none = Type.Object({});
const command = (task: string, reply = none) =>
  defineCommand({ task, description: '', payload: none, reply, refusals: {} });
const price = Type.Object({ price: Type.Integer({ examples: [7] }) });
const bookRoom = command('hotel_service.book_room');
const cancelRoom = defineUndo({
  task: 'hotel_service.cancel_room',
  description: '',
  undoes: bookRoom,
  payload: none,
});
const commands = { bookRoom, cancelRoom, askPrice: command('hotel_service.ask_price', price) };
const service = defineService({ name: 'hotel_service', title: '', description: '', commands });
const nothing = async () => ({});

test('a command without an effect is answered with the example of its contract', async () => {
  const { handlers } = simulatedParticipant(service, { bookRoom: nothing, cancelRoom: nothing });
  const askPrice = handlers.askPrice as SingleHandler<unknown, unknown, unknown>;
  expect(await askPrice(undefined, undefined)).toEqual({ price: 7 });
  expect(handlers.bookRoom).toBe(nothing);
});

test.each([
  ['book_room', { cancelRoom: nothing }],
  ['cancel_room', { bookRoom: nothing }],
])('%s has an effect, and needs a handler', (name, handlers) => {
  expect(() => simulatedParticipant(service, handlers)).toThrow(`hotel_service.${name} has an effect`);
});
