/**
 * What spans say of a message, by the names of OpenTelemetry's semantic conventions for messaging and for RabbitMQ:
 * https://opentelemetry.io/docs/specs/semconv/messaging/rabbitmq/
 */
import type { Attributes } from '@opentelemetry/api';
import { COMMAND_EXCHANGE, commandQueueOf, serviceOf } from '../contract/routing.js';

/**
 * @param operation - `publish` by an orchestrator, `process` by a participant
 * @param task - of the command
 * @param commandId - its identity, which is the message's correlation id
 * @returns the attributes of a span about a command
 */
export function commandAttributes(operation: 'publish' | 'process', task: string, commandId: string): Attributes {
  const published = `${COMMAND_EXCHANGE}:${task}`;
  return {
    'messaging.system': 'rabbitmq',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation === 'publish' ? 'send' : 'process',
    'messaging.destination.name':
      operation === 'publish' ? published : `${published}:${commandQueueOf(serviceOf(task))}`,
    'messaging.rabbitmq.destination.routing_key': task,
    'messaging.message.conversation_id': commandId,
  };
}
