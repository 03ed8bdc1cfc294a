/**
 * AsyncAPI documents of participants and orchestrators, made of contracts, definitions and topology: nothing is written
 * twice.
 */
import type { CommandContract } from '../contract/command.js';
import { COMMAND_EXCHANGE, commandQueueOf, serviceOf } from '../contract/routing.js';
import type { ServiceContract } from '../contract/service.js';
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote } from '../definition/step.js';
import { orchestratorTopology, participantTopology } from '../transport/topology.js';
import { deadLetterChannels, exchangeChannel, queueChannel } from './channels.js';
import { refusalsOf } from './failures.js';
import { CORRELATION_ID, deadLetterMessageOf, messagesOf, schemasOf, type DocumentedCommand } from './messages.js';
import { nameOfTask, type Json } from './names.js';
import { orchestratorDescription, participantDescription } from './descriptions.js';

/** An AsyncAPI document, as plain JSON. It has nothing that only 3.1 has, and so it says 3.0, which generators know. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: Json & { readonly title: string; readonly version: string };
  readonly defaultContentType: string;
  readonly servers: Readonly<Record<string, Json>>;
  readonly channels: Readonly<Record<string, Json>>;
  readonly operations: Readonly<Record<string, Json>>;
  readonly components: Readonly<Record<'messages' | 'schemas' | 'correlationIds', Readonly<Record<string, Json>>>>;
}

const SERVERS = {
  rabbitmq: {
    host: 'localhost:5672',
    protocol: 'amqp',
    protocolVersion: '0-9-1',
    description: 'RabbitMQ 3.10 or newer; the virtual host is a setting of each service.',
    tags: [{ name: 'local', description: 'As `npm start` runs it.' }],
  },
};

const BINDING = { deliveryMode: 2, mandatory: true, bindingVersion: '0.3.0' };

/**
 * @param version - of the document
 * @returns the document of a participant: the commands that it receives, and its replies
 * @throws {SagaError} INVALID_CONTRACT for a contract whose schemas yield no examples
 */
export function participantDocument(service: ServiceContract, version = '1.0.0'): AsyncApiDocument {
  const commands = documented(Object.values(service.commands));
  const topology = participantTopology(service.name);
  const queue = commandQueueOf(service.name);
  const { names, replies } = messageNames(commands);
  return {
    ...head(service.title, version, `${service.description}\n\n${participantDescription(service.name, queue)}`),
    channels: {
      commands: queueChannel(topology, queue, { description: `The commands of ${service.name}.`, messages: names }),
      replies: exchangeChannel(topology, null, null, {
        description: "The exchange is the command's `reply-to`; the routing key is `x-routing-key` of the message.",
        messages: replies,
      }),
      ...deadLetterChannels(topology, queue),
    },
    operations: {
      receive_commands: commandOperation('receive', names, replies),
      send_dead_letters: deadLetterOperation(),
    },
    components: componentsOf(commands, null, queue),
  };
}

/**
 * @param title - of the service that runs the saga
 * @param description - what the service is for
 * @param saga - the definition that new instances are started with
 * @param earlier - other versions of it whose instances may be alive: their commands are sent as well
 * @param version - of the document
 * @returns the document of an orchestrator: the commands that it sends, and the replies that it receives
 * @throws {SagaError} INVALID_CONTRACT for a contract whose schemas yield no examples
 */
export function orchestratorDocument<Data, Tx>(
  title: string,
  description: string,
  saga: SagaDefinition<Data, Tx>,
  earlier: readonly SagaDefinition<Data, Tx>[] = [],
  version = '1.0.0',
): AsyncApiDocument {
  const steps = [saga, ...earlier].flatMap((definition) => definition.steps);
  const remote = steps.flatMap(({ action, undo }) => (undo ? [action, undo] : [action])).filter(isRemote);
  const byTask = new Map(remote.map(({ command }) => [command.task, command]));
  const commands = documented([...byTask.values()]);
  const topology = orchestratorTopology(saga.name);
  const address = saga.replyAddress;
  const { names, replies } = messageNames(commands);
  return {
    ...head(title, version, `${description}\n\n${orchestratorDescription(saga.name, address)}`),
    channels: {
      commands: exchangeChannel(topology, COMMAND_EXCHANGE, null, {
        description: 'The routing key is `x-routing-key` of the message.',
        messages: names,
      }),
      replies: queueChannel(topology, address, { description: `The replies to ${saga.name}.`, messages: replies }),
      ...deadLetterChannels(topology, address),
    },
    operations: {
      send_commands: commandOperation('send', names, replies),
      receive_replies: {
        action: 'receive',
        channel: { $ref: '#/channels/replies' },
        summary: `Every reply to ${saga.name}, whichever command it answers.`,
        messages: messagesIn('replies', replies),
        bindings: { amqp: { ack: true, bindingVersion: '0.3.0' } },
      },
      send_dead_letters: deadLetterOperation(),
    },
    components: componentsOf(commands, address, address),
  };
}

function documented(contracts: readonly CommandContract[]): DocumentedCommand[] {
  const withUndos = new Set(contracts.filter(({ undoes }) => undoes).map(({ task }) => serviceOf(task)));
  return contracts.map((contract) => ({
    contract,
    refusals: refusalsOf(contract, withUndos.has(serviceOf(contract.task))),
  }));
}

function messageNames(commands: readonly DocumentedCommand[]) {
  const names = commands.map(({ contract }) => nameOfTask(contract.task));
  return { names, replies: names.flatMap((name) => [`${name}_success`, `${name}_failure`]) };
}

function head(title: string, version: string, description: string) {
  return {
    asyncapi: '3.0.0' as const,
    info: {
      title,
      version,
      description,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      tags: [{ name: 'undo', description: 'Commands that take the effect of an action back.' }],
    },
    defaultContentType: 'application/json',
    servers: SERVERS,
  };
}

const messagesIn = (channel: string, names: readonly string[]): Json[] =>
  names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` }));

const commandOperation = (action: 'send' | 'receive', names: readonly string[], replies: readonly string[]): Json => ({
  action,
  channel: { $ref: '#/channels/commands' },
  summary: 'Each command runs at most once, and is answered by `<command>_success` or `<command>_failure`.',
  messages: messagesIn('commands', names),
  bindings: { amqp: { ...BINDING, ...(action === 'receive' ? { ack: true } : {}) } },
  reply: {
    address: { location: '$message.header#/reply-to' },
    channel: { $ref: '#/channels/replies' },
    messages: messagesIn('replies', replies),
  },
});

const deadLetterOperation = (): Json => ({
  action: 'send',
  channel: { $ref: '#/channels/dead_letters' },
  summary: 'Puts what cannot be answered aside, with the cause.',
  messages: messagesIn('dead_letters', ['dead_letter']),
  bindings: { amqp: BINDING },
});

function componentsOf(
  commands: readonly DocumentedCommand[],
  replyAddress: string | null,
  queue: string,
): AsyncApiDocument['components'] {
  const messages = Object.assign(
    {},
    ...commands.map((command) => messagesOf(command, replyAddress)),
  ) as AsyncApiDocument['components']['messages'];
  return {
    messages: { ...messages, dead_letter: deadLetterMessageOf(queue) },
    schemas: schemasOf(commands, replyAddress, queue),
    correlationIds: { command: CORRELATION_ID },
  };
}
