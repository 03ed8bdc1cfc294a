/** Exchanges, queues and bindings, as the contracts imply them. */
import {
  COMMAND_EXCHANGE,
  DEAD_LETTER_EXCHANGE,
  REPLY_BINDING,
  commandBindingOf,
  commandQueueOf,
  deadLetterQueueOf,
  replyAddressOf,
} from '../contract/routing.js';
import { CONSTANTS } from '../settings.js';

/**
 * quorum: replicated, the default. classic: faster, and lost with its node; a saga then waits for its deadline and goes
 * on.
 */
export type QueueType = 'quorum' | 'classic';

export interface QueueSpec {
  readonly name: string;
  readonly arguments: Readonly<Record<string, string | number>>;
  /**
   * One that is there already stays as it is, in whatever form: its arguments are newer than what others have declared.
   */
  readonly mayBeOlder?: boolean;
}

export interface Topology {
  readonly exchanges: readonly { readonly name: string; readonly type: 'topic' | 'direct' }[];
  readonly queues: readonly QueueSpec[];
  readonly bindings: readonly { readonly queue: string; readonly exchange: string; readonly pattern: string }[];
}

/** @returns what a participant needs: the command exchange, its own command queue, and that queue's dead letters. */
export function participantTopology(service: string, queueType: QueueType = 'quorum'): Topology {
  const queue = commandQueueOf(service);
  return withDeadLetters(queue, queueType, {
    exchanges: [{ name: COMMAND_EXCHANGE, type: 'topic' }],
    bindings: [{ queue, exchange: COMMAND_EXCHANGE, pattern: commandBindingOf(service) }],
  });
}

/**
 * @returns what an orchestrator needs for a saga: the command exchange, the exchange and queue of its replies, and that
 *   queue's dead letters.
 */
export function orchestratorTopology(saga: string, queueType: QueueType = 'quorum'): Topology {
  const address = replyAddressOf(saga);
  return withDeadLetters(address, queueType, {
    exchanges: [
      { name: COMMAND_EXCHANGE, type: 'topic' },
      { name: address, type: 'topic' },
    ],
    bindings: [{ queue: address, exchange: address, pattern: REPLY_BINDING }],
  });
}

function withDeadLetters(queue: string, type: QueueType, rest: Pick<Topology, 'exchanges' | 'bindings'>): Topology {
  const dead = deadLetterQueueOf(queue);
  return {
    exchanges: [...rest.exchanges, { name: DEAD_LETTER_EXCHANGE, type: 'direct' }],
    queues: [
      {
        name: dead,
        arguments: { ...(type === 'quorum' ? DEAD_QUORUM_QUEUE : CLASSIC_QUEUE), ...DEAD_LENGTH },
        mayBeOlder: true,
      },
      { name: queue, arguments: { ...(type === 'quorum' ? QUORUM_QUEUE : CLASSIC_QUEUE), ...deadLettersTo(queue) } },
    ],
    bindings: [{ queue: dead, exchange: DEAD_LETTER_EXCHANGE, pattern: queue }, ...rest.bindings],
  };
}

const deadLettersTo = (queue: string) => ({
  'x-dead-letter-exchange': DEAD_LETTER_EXCHANGE,
  'x-dead-letter-routing-key': queue,
});

/**
 * The default overflow would drop acknowledged messages, and at-most-once dead-lettering would lose letters while their
 * queue is away.
 */
const QUORUM_QUEUE = {
  'x-queue-type': 'quorum',
  'x-delivery-limit': CONSTANTS.deliveryLimit,
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
} as const;

/**
 * So many letters are enough to see what is wrong; those that find no room wait in their live queue, and hold up nobody
 * there.
 */
const DEAD_LENGTH = {
  'x-max-length': CONSTANTS.maxDeadLetters,
  'x-max-length-bytes': CONSTANTS.maxDeadLetterBytes,
} as const;

/** People look at dead letters again and again; RabbitMQ 4 would drop a letter after twenty looks. */
const DEAD_QUORUM_QUEUE = {
  'x-queue-type': 'quorum',
  'x-delivery-limit': 1_000_000,
  'x-overflow': 'reject-publish',
} as const;

const CLASSIC_QUEUE = { 'x-queue-type': 'classic', 'x-overflow': 'reject-publish' } as const;
