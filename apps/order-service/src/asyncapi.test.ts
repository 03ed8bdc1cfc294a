import { serviceContracts } from 'messages';
import type { CommandContract } from 'saga-core';
import { brokenExamples, complaintsOf } from '../../../test/support/asyncapi.js';
import { asyncApi } from './asyncapi.js';

const commands = serviceContracts.flatMap(({ commands }) => Object.values<CommandContract>(commands));

test('the document has no error and no warning, and its examples fit', async () => {
  expect(await complaintsOf(asyncApi)).toEqual([]);
  expect(brokenExamples(asyncApi)).toEqual([]);
}, 60_000);

test('it sends every command, and receives both replies to each from its queue', () => {
  const { channels, operations } = asyncApi as unknown as {
    channels: Record<string, { bindings: { amqp: object } }>;
    operations: Record<string, { action: string; channel: { $ref: string }; messages: { $ref: string }[] }>;
  };
  const messagesOf = (name: string) => operations[name]!.messages.map(({ $ref }) => $ref.split('/').at(-1)).sort();
  const names = commands.map(({ task }) => task.split('.')[1]!);
  expect(operations.send_commands!.action).toBe('send');
  expect(messagesOf('send_commands')).toEqual([...names].sort());
  expect(operations.receive_replies).toMatchObject({ action: 'receive', channel: { $ref: '#/channels/replies' } });
  expect(messagesOf('receive_replies')).toEqual(names.flatMap((name) => [`${name}_success`, `${name}_failure`]).sort());
  expect(channels.replies!.bindings.amqp).toMatchObject({
    is: 'queue',
    queue: { name: 'create_order_saga.responses' },
    'x-bindings': [{ exchange: 'create_order_saga.responses' }],
  });
});
