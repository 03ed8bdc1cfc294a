/** Messages of each recorded version are read by the contracts of today. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Type } from '@sinclair/typebox';
import type { CommandContract } from 'saga-core';
import { adviceFor, breaksOf, isRecordedBy, recordOf, type ContractRecord } from 'saga-core/asyncapi';
import { accountingService, serviceContracts } from './index.js';

const folder = path.join(__dirname, '../golden');
const records = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as ContractRecord,
);
const contracts = serviceContracts.flatMap((service) => Object.values<CommandContract>(service.commands));

test.each(contracts.map((contract) => [contract.task, contract] as const))('%s survives', (task, contract) => {
  const own = records.filter((record) => record.task === task);
  const breaks = own.flatMap((record) => breaksOf(contract, record));
  if (breaks.length > 0) throw new Error(`${breaks.join('; ')}. ${adviceFor(task)}`);
  // Otherwise nothing would be said about the contract of today: npm run specs records it.
  expect(own.some((record) => isRecordedBy(contract, record))).toBe(true);
});

const { authorizeCard } = accountingService.commands;
const { orderId, consumerId, cardId, amount } = authorizeCard.payload.properties;
const changed = (payload: CommandContract['payload']): CommandContract => ({ ...authorizeCard, payload });
const recorded = recordOf(authorizeCard, 1);

test.each<[string, CommandContract['payload'], RegExp]>([
  ['a field less', Type.Object({ orderId, consumerId, cardId }), /payload\.amount is gone/],
  [
    'a required field more',
    Type.Object({ orderId, consumerId, cardId, amount, currency: Type.String() }),
    /version 1 is refused.*currency is new and required/,
  ],
  [
    'another type',
    Type.Object({ orderId, consumerId, cardId, amount: Type.String() }),
    /payload\.amount was .* and is/,
  ],
  [
    'a narrower range',
    Type.Object({ orderId, consumerId, cardId, amount: Type.Integer({ ...amount, maximum: 100_000 }) }),
    /payload\.amount was/,
  ],
  ['an optional field', Type.Object({ orderId, consumerId, cardId, amount: Type.Optional(amount) }), /now optional/],
])('%s is noticed', (_what, payload, complaint) => {
  expect(breaksOf(changed(payload), recorded).join('; ')).toMatch(complaint);
});

test('an optional field more, and other words, are compatible, and the former is recorded', () => {
  const more = changed(Type.Object({ orderId, consumerId, cardId, amount, note: Type.Optional(Type.String()) }));
  expect(breaksOf(more, recorded)).toEqual([]);
  expect(isRecordedBy(more, recorded)).toBe(false);
  const words = { ...authorizeCard, description: 'In other words.' };
  expect(isRecordedBy(words, recorded)).toBe(true);
});
