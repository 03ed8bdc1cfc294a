import { Type } from '@sinclair/typebox';
import { defineCommand } from '../contract/command.js';
import { refuse } from '../contract/outcome.js';
import { CONSTANTS } from '../settings.js';
import { checkedHandler, type AnyHandler } from './command-handlers.js';
import type { ReceivedCommand } from './received-command.js';

const look = defineCommand({
  task: 'inn.look',
  description: '',
  payload: Type.Object({}),
  reply: Type.Object({ text: Type.String() }),
  refusals: { FULL: 'No room is left.' },
});

const answering = (answer: unknown) => {
  const handler = checkedHandler(look, () => Promise.resolve(answer)) as Extract<
    AnyHandler<null>,
    (...given: never[]) => unknown
  >;
  return handler(null, {} as ReceivedCommand);
};

/** So much that the whole answer has as many bytes as are allowed. */
const MOST = CONSTANTS.maxMessageBytes - JSON.stringify({ text: '' }).length;

it('takes answers as large as may be read', async () => {
  await expect(answering({ text: 'x'.repeat(MOST) })).resolves.toBeDefined();
});

it.each([
  ['a reply', { text: 'x'.repeat(MOST + 1) }],
  ['a reply with few characters of many bytes', { text: 'ü'.repeat(MOST / 2 + 1) }],
  ['a refusal', refuse('FULL', 'no room', { text: 'x'.repeat(MOST) })],
])('counts %s that nobody would read as thrown', async (_what, answer) => {
  await expect(answering(answer)).rejects.toMatchObject({ code: 'HANDLER_CONTRACT' });
});
