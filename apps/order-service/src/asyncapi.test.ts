import { accountingService, consumerService, restaurantService } from 'messages';
import type { CommandContract } from 'saga-core';
import { brokenExamples, complaintsOf } from '../../../test/support/asyncapi.js';
import { asyncApi } from './asyncapi.js';

const commands = [consumerService, restaurantService, accountingService].flatMap(({ commands }) =>
  Object.values<CommandContract>(commands),
);

test('the document has no error and no warning, and its examples fit', async () => {
  expect(await complaintsOf(asyncApi)).toEqual([]);
  expect(brokenExamples(asyncApi, commands)).toEqual([]);
}, 60_000);

test('it sends every command, and receives both replies to each', () => {
  const operations = asyncApi.operations as Record<string, { action: string; messages: { $ref: string }[] }>;
  const names = commands.map(({ task }) => task.split('.')[1]!);
  for (const name of names) expect(operations[name]!.action).toBe('send');
  expect(operations.reply!.action).toBe('receive');
  expect(operations.reply!.messages.map(({ $ref }) => $ref.split('/').at(-1)).sort()).toEqual(
    names.flatMap((name) => [`${name}_success`, `${name}_failure`]).sort(),
  );
});
