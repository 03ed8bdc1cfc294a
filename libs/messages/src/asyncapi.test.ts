import type { CommandContract, ServiceContract } from 'saga-core';
import { participantDocument } from 'saga-core/asyncapi';
import { brokenExamples, complaintsOf } from '../../../test/support/asyncapi.js';
import { accountingService, consumerService, restaurantService } from './index.js';

const services: [string, ServiceContract][] = [consumerService, restaurantService, accountingService].map((service) => [
  service.name,
  service,
]);

test.each(services)(
  'the document of %s has no error and no warning, and its examples fit',
  async (_name, service) => {
    const document = participantDocument(service);
    expect(await complaintsOf(document)).toEqual([]);
    expect(brokenExamples(document, Object.values<CommandContract>(service.commands))).toEqual([]);
  },
  60_000,
);

test('the parser is able to complain', async () => {
  const document = participantDocument(accountingService);
  const broken = { ...document, operations: { x: { action: 'receive', channel: { $ref: '#/channels/nowhere' } } } };
  expect(await complaintsOf(broken)).not.toEqual([]);
}, 60_000);

test('names exchange, queues, arguments and bindings', () => {
  const { queue, dead_letter_queue, authorize_card } = participantDocument(accountingService).channels as Record<
    string,
    { bindings: { amqp: object } }
  >;
  expect(authorize_card).toMatchObject({
    address: 'accounting_service.authorize_card',
    bindings: { amqp: { is: 'routingKey', exchange: { name: 'saga.commands', type: 'topic', durable: true } } },
  });
  expect(queue!.bindings.amqp).toMatchObject({
    queue: { name: 'accounting_service.commands' },
    'x-arguments': { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': 'saga.dead' },
    'x-bindings': [{ exchange: 'saga.commands', routingKey: 'accounting_service.*' }],
  });
  expect(dead_letter_queue!.bindings.amqp).toMatchObject({
    queue: { name: 'accounting_service.commands.dead' },
    'x-bindings': [{ exchange: 'saga.dead', routingKey: 'accounting_service.commands' }],
  });
});
