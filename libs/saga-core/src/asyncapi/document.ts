/** AsyncAPI 3.1 documents of participants and orchestrators, made of contracts, definitions and topology: nothing is written twice. */
import type { CommandContract } from '../contract/command.js';
import { commandQueueOf } from '../contract/routing.js';
import type { ServiceContract } from '../contract/service.js';
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote } from '../definition/step.js';
import { orchestratorTopology, participantTopology } from '../transport/topology.js';
import { commandChannel, queueWithDeadLetters, replyChannel } from './channels.js';
import {
  commandMessageOf,
  deadLetterMessageOf,
  failureMessageOf,
  nameOfTask,
  sharedSchemas,
  successMessageOf,
  type Json,
} from './messages.js';
import { orchestratorWords, participantWords } from './words.js';

/** An AsyncAPI 3.1 document, as plain JSON. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.1.0';
  readonly info: Json & { readonly title: string; readonly version: string };
  readonly defaultContentType: string;
  readonly servers: Readonly<Record<string, Json>>;
  readonly channels: Readonly<Record<string, Json>>;
  readonly operations: Readonly<Record<string, Json>>;
  readonly components: Readonly<Record<'messages' | 'schemas', Readonly<Record<string, Json>>>>;
}

const SERVERS = {
  rabbitmq: {
    host: 'localhost:5672',
    protocol: 'amqp',
    protocolVersion: '0-9-1',
    title: 'RabbitMQ',
    description: 'RabbitMQ 3.10 or newer; the virtual host is a setting of each service.',
    tags: [{ name: 'local', description: 'As `npm start` runs it.' }],
  },
};

const TAGS = {
  action: { name: 'action', description: 'Commands that do or read something.' },
  undo: { name: 'undo', description: 'Commands that take the effect of an action back.' },
  deadLetters: { name: 'dead letters', description: 'What cannot be answered.' },
  replies: { name: 'replies', description: 'Answers to commands.' },
};

/**
 * @param version - of the document
 * @returns the document of a participant: the commands that it receives, and its replies
 * @throws {SagaError} INVALID_CONTRACT for a contract whose schemas yield no examples
 */
export function participantDocument(service: ServiceContract, version = '1.0.0'): AsyncApiDocument {
  const commands = Object.values(service.commands);
  const topology = participantTopology(service.name);
  const queue = commandQueueOf(service.name);
  const names = commands.map(({ task }) => nameOfTask(task));
  return {
    ...head(service.title, version, `${service.description}\n\n${participantWords(service.name, queue)}`),
    channels: {
      ...commandChannels(topology, commands),
      replies: replyChannel(
        'The exchange is the one that `reply-to` of the command names; the routing key is `x-routing-key` of the message. ' +
          'The exchange belongs to whoever asked: do not declare it.',
        names.flatMap(replyNames),
      ),
      ...queueWithDeadLetters(
        topology,
        queue,
        `The commands of ${service.name}, in the order in which they came.`,
        names,
      ),
    },
    operations: {
      ...requests('receive', commands, 'replies'),
      dead_letter: deadLetterOperation(),
    },
    components: {
      messages: { ...messagesOf(commands, null), dead_letter: deadLetterMessageOf(queue) },
      schemas: sharedSchemas(null, queue),
    },
  };
}

/**
 * @param title - of the service that runs the saga
 * @param description - what the service is for
 * @param saga - its current definition
 * @param version - of the document
 * @returns the document of an orchestrator: the commands that it sends, and the replies that it receives
 * @throws {SagaError} INVALID_CONTRACT for a contract whose schemas yield no examples
 */
export function orchestratorDocument<Data, Tx>(
  title: string,
  description: string,
  saga: SagaDefinition<Data, Tx>,
  version = '1.0.0',
): AsyncApiDocument {
  const commands = saga.steps
    .flatMap(({ action, undo }) => (undo ? [action, undo] : [action]))
    .filter(isRemote)
    .map(({ command }) => command);
  const topology = orchestratorTopology(saga.name);
  const address = saga.replyAddress;
  const replies = commands.flatMap(({ task }) => replyNames(nameOfTask(task)));
  return {
    ...head(title, version, `${description}\n\n${orchestratorWords([saga.name], [address])}`),
    channels: {
      ...commandChannels(topology, commands),
      replies: replyChannel(
        `The exchange of the replies to ${saga.name}; the routing key is \`x-routing-key\` of the message.`,
        replies,
        address,
      ),
      ...queueWithDeadLetters(
        topology,
        address,
        `The replies to ${saga.name}, in the order in which they came.`,
        replies,
      ),
    },
    operations: {
      ...requests('send', commands, 'replies'),
      reply: {
        action: 'receive',
        channel: { $ref: '#/channels/queue' },
        title: `Replies to ${saga.name}`,
        summary: 'Every reply, whichever command it answers.',
        tags: [TAGS.replies],
        messages: replies.map((name) => ({ $ref: `#/channels/queue/messages/${name}` })),
        bindings: { amqp: { ack: true, bindingVersion: '0.3.0' } },
      },
      dead_letter: deadLetterOperation(),
    },
    components: {
      messages: { ...messagesOf(commands, address), dead_letter: deadLetterMessageOf(address) },
      schemas: sharedSchemas(address, address),
    },
  };
}

const replyNames = (name: string): string[] => [`${name}_success`, `${name}_failure`];

function head(title: string, version: string, description: string) {
  return {
    asyncapi: '3.1.0' as const,
    info: {
      title,
      version,
      description,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      tags: Object.values(TAGS),
    },
    defaultContentType: 'application/json',
    servers: SERVERS,
  };
}

const commandChannels = (topology: Parameters<typeof commandChannel>[0], commands: readonly CommandContract[]) =>
  Object.fromEntries(commands.map(({ task }) => [nameOfTask(task), commandChannel(topology, task, nameOfTask(task))]));

function requests(
  action: 'send' | 'receive',
  commands: readonly CommandContract[],
  channel: string,
): Record<string, Json> {
  return Object.fromEntries(
    commands.map(({ task, description, undoes }) => {
      const name = nameOfTask(task);
      return [
        name,
        {
          action,
          channel: { $ref: `#/channels/${name}` },
          title: task,
          summary: description,
          description: undoes
            ? `Undoes \`${undoes.task}\`. It may come before the command that it undoes: it succeeds all the same, and bars it. It cannot be refused.`
            : 'Runs at most once for each `correlation-id`; a duplicate gets the stored reply.',
          tags: [undoes ? TAGS.undo : TAGS.action],
          messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
          bindings: {
            amqp: { deliveryMode: 2, mandatory: true, ack: true, bindingVersion: '0.3.0' },
          },
          reply: {
            address: {
              description: 'The exchange of the reply. Its routing key is `x-routing-key` of the reply.',
              location: '$message.header#/reply-to',
            },
            channel: { $ref: `#/channels/${channel}` },
            messages: replyNames(name).map((reply) => ({ $ref: `#/channels/${channel}/messages/${reply}` })),
          },
        },
      ];
    }),
  );
}

const deadLetterOperation = (): Json => ({
  action: 'send',
  channel: { $ref: '#/channels/dead_letters' },
  title: 'Dead letters',
  summary: 'Puts what cannot be answered aside, with the cause.',
  tags: [TAGS.deadLetters],
  messages: [{ $ref: '#/channels/dead_letters/messages/dead_letter' }],
  bindings: { amqp: { deliveryMode: 2, mandatory: true, bindingVersion: '0.3.0' } },
});

function messagesOf(commands: readonly CommandContract[], replyAddress: string | null): Record<string, Json> {
  const entries = commands.flatMap((command) => {
    const name = nameOfTask(command.task);
    return [
      [name, commandMessageOf(command, replyAddress)],
      [`${name}_success`, successMessageOf(command)],
      [`${name}_failure`, failureMessageOf(command)],
    ] as const;
  });
  return Object.fromEntries(entries);
}
