/** What an orchestrator does with a set of replies. Invariant kept here: a reply is acknowledged after its commit, and after the broker confirmed what it caused. */
import type { Logger } from 'pino';
import { deadLetter } from '../contract/dead-letter.js';
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import { parseReply } from '../contract/reply-message.js';
import { parseCommandId } from '../contract/routing.js';
import { DEFAULTS } from '../settings.js';
import type { SagaEvent } from '../engine/event.js';
import { logSparsely } from '../engine/log-sparsely.js';
import type { SagaObserver } from '../engine/observer.js';
import type { Transport } from '../transport/transport.js';
import { sendCommands } from './command-sender.js';
import type { SagaRunner } from './saga-runner.js';

/** @returns the function that handles a set of deliveries of a reply queue. */
export function replySetHandler<Tx>(
  queue: string,
  runner: SagaRunner<Tx>,
  transport: Transport,
  logger: Logger,
  observer: Required<SagaObserver>,
): (set: readonly IncomingMessage[]) => Promise<void> {
  return async (set) => {
    const events = new Map<string, SagaEvent[]>();
    const dead: OutgoingMessage[] = [];
    for (const message of set) {
      const reply = message.body.length > DEFAULTS.maxMessageBytes ? null : parseReply(message);
      const identity = reply && parseCommandId(reply.commandId);
      if (!identity) {
        observer.idleReply(queue, 'not_a_reply');
        const { routingKey, correlationId } = message;
        logSparsely(
          logger,
          'warn',
          { queue, routingKey, correlationId },
          'a message that is no reply is dead-lettered',
        );
        dead.push(
          deadLetter(
            message,
            queue,
            'NOT_A_REPLY',
            'It needs a routing key "<task>.response.success" or ".failure", a correlationId that is a command\'s, and a JSON body',
          ),
        );
        continue;
      }
      const event: SagaEvent = { type: 'reply', ...reply, redelivered: message.redelivered };
      events.set(identity.sagaId, [...(events.get(identity.sagaId) ?? []), event]);
    }
    const { commands, unknown, foreign } = await runner.apply(events);
    for (const sagaId of unknown) {
      observer.idleReply(queue, 'unknown_saga');
      logSparsely(
        logger,
        'info',
        { queue, sagaId },
        'a reply to a saga that does not exist, or was purged, is ignored',
      );
    }
    for (const { id, sagaName, definitionVersion } of foreign) {
      observer.idleReply(queue, 'other_version');
      logSparsely(
        logger,
        'info',
        { sagaId: id, saga: sagaName, version: definitionVersion },
        'a reply to a saga of another version is kept for a process that knows it',
      );
    }
    await sendCommands(commands, transport, runner, logger, dead);
  };
}
