import type { ServiceContract } from 'saga-core';
import { participantDocument } from 'saga-core/asyncapi';
import { brokenExamples, complaintsOf } from '../../../test/support/asyncapi.js';
import { accountingService, serviceContracts } from './index.js';

const services = serviceContracts.map((service): [string, ServiceContract] => [service.name, service]);

test.each(services)(
  'the document of %s has no error and no warning, and its examples fit',
  async (_name, service) => {
    const document = participantDocument(service);
    expect(await complaintsOf(document)).toEqual([]);
    expect(brokenExamples(document)).toEqual([]);
  },
  60_000,
);

test('the parser is able to complain', async () => {
  const document = participantDocument(accountingService);
  const broken = { ...document, operations: { x: { action: 'receive', channel: { $ref: '#/channels/nowhere' } } } };
  expect(await complaintsOf(broken)).not.toEqual([]);
}, 60_000);

test('an example that breaks its schema is noticed, as is a message without one', () => {
  const document = JSON.parse(JSON.stringify(participantDocument(accountingService))) as {
    components: { messages: Record<string, { examples?: { payload: Record<string, unknown> }[] }> };
  } & ReturnType<typeof participantDocument>;
  const { authorize_card_failure, authorize_card } = document.components.messages;
  const barred = authorize_card_failure!.examples!.find(({ payload }) => payload.code === 'BARRED')!;
  barred.payload.kind = 'oops';
  delete authorize_card!.examples;
  expect(brokenExamples(document)).toEqual([
    'authorize_card has no example',
    expect.stringContaining('authorize_card_failure/4'),
  ]);
});

test('one operation receives from the queue that is consumed, which names its arguments and bindings', () => {
  const { channels, operations } = participantDocument(accountingService) as unknown as {
    channels: Record<string, { address: string; bindings: { amqp: object } }>;
    operations: Record<string, { action: string; channel: object; messages: object[] }>;
  };
  const receiving = Object.values(operations).filter(({ action }) => action === 'receive');
  expect(receiving).toMatchObject([
    {
      channel: { $ref: '#/channels/commands' },
      messages: [
        { $ref: '#/channels/commands/messages/authorize_card' },
        { $ref: '#/channels/commands/messages/reverse_authorization' },
      ],
    },
  ]);
  expect(channels.commands!.bindings.amqp).toMatchObject({
    is: 'queue',
    queue: { name: 'accounting_service.commands' },
    'x-arguments': { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': 'saga.dead' },
    'x-bindings': [{ exchange: 'saga.commands', type: 'topic', routingKey: 'accounting_service.*' }],
  });
  expect(channels.dead_letter_queue!.bindings.amqp).toMatchObject({
    queue: { name: 'accounting_service.commands.dead' },
    'x-bindings': [{ exchange: 'saga.dead', type: 'direct', routingKey: 'accounting_service.commands' }],
  });
});

/** @returns the schemas of which a generator makes a type, within a schema */
function typesIn(schema: unknown): { title?: string; properties?: object; enum?: unknown[]; $ref?: string }[] {
  if (Array.isArray(schema)) return schema.flatMap(typesIn);
  if (typeof schema !== 'object' || schema === null) return [];
  const isType = ['properties', 'enum', 'oneOf', 'anyOf'].some((keyword) => keyword in schema);
  return [...(isType ? [schema] : []), ...Object.values(schema).flatMap(typesIn)];
}

test.each(services)('the document of %s names every type, and no two alike', (_name, service) => {
  const { schemas, messages } = participantDocument(service).components;
  const types = typesIn(schemas);
  const titles = types.map(({ title }) => title);
  expect(types.length).toBeGreaterThan(5);
  expect(titles).toEqual(titles.map(() => expect.any(String) as string));
  expect(new Set(titles).size).toBe(titles.length);
  // Generators, such as Modelina, see no schema behind a schemaFormat, and no name where there is no reference.
  for (const { payload } of Object.values(messages)) if (payload) expect(Object.keys(payload)).toEqual(['$ref']);
});
