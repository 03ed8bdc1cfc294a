/**
 * What an orchestrator does with a batch of replies. Invariant kept here: a reply is acknowledged after its commit, and
 * after the broker confirmed what it caused.
 */
import type { Logger } from 'pino';
import { deadLetter } from '../contract/dead-letter.js';
import { whyUnreadable, type IncomingMessage } from '../contract/message.js';
import { parseReply } from '../contract/reply-message.js';
import { parseCommandId } from '../contract/routing.js';
import { CONSTANTS } from '../settings.js';
import type { SagaEvent } from '../engine/event.js';
import { logSparsely } from '../util/log-sparsely.js';
import type { SagaObserver } from './saga-observer.js';
import type { DeadLettered } from '../transport/ensure-dead-lettered.js';
import type { Suspect, Transport, Unfinished } from '../transport/transport.js';
import { sendCommands } from './command-sender.js';
import type { SagaRunner } from './saga-runner.js';

const WHAT_A_REPLY_IS =
  'It needs a routing key "<task>.response.success" or ".failure", a correlationId that is a command\'s, and a JSON body in UTF-8';

/** @returns the function that handles a batch of deliveries of a reply queue, and returns what is not done of it. */
export function replyBatchHandler<Tx>(
  queue: string,
  runner: SagaRunner<Tx>,
  transport: Transport,
  logger: Logger,
  observer: Required<SagaObserver>,
): (batch: readonly IncomingMessage[]) => Promise<Unfinished> {
  return async (batch) => {
    const events = new Map<string, SagaEvent[]>();
    const messages = new Map<string, IncomingMessage[]>();
    const dead: DeadLettered[] = [];
    for (const message of batch) {
      const unreadable = whyUnreadable(message);
      const isTooLarge = message.body.length > CONSTANTS.maxMessageBytes;
      const reply = unreadable !== null || isTooLarge ? null : parseReply(message);
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
        const letter =
          unreadable === null
            ? deadLetter(message, queue, 'NOT_A_REPLY', WHAT_A_REPLY_IS)
            : deadLetter(message, queue, 'UNREADABLE_HEADERS', unreadable);
        dead.push({ message, letter });
        continue;
      }
      const event: SagaEvent = { type: 'reply', ...reply, redelivered: message.redelivered };
      const { sagaId } = identity;
      events.set(sagaId, [...(events.get(sagaId) ?? []), event]);
      messages.set(sagaId, [...(messages.get(sagaId) ?? []), message]);
    }
    const { commands, unknown, foreign, suspects } = await runner.apply('replies', events);
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
    const suspectOf = (sagaId: string): Suspect => {
      let given: readonly SagaEvent[] = events.get(sagaId)!;
      return {
        messages: messages.get(sagaId)!,
        handleIsolated: async () => {
          const replies = given;
          // When it is called again, the replies may be applied, and what they caused not be sent.
          given = replies.map((event) => (event.type === 'reply' ? { ...event, redelivered: true } : event));
          const alone = await runner.applyAlone('replies', sagaId, replies);
          return sendCommands(alone.commands, transport, runner, logger);
        },
      };
    };
    return {
      later: await sendCommands(commands, transport, runner, logger, dead),
      suspects: suspects.map(suspectOf),
    };
  };
}
