/**
 * What a participant does with a batch of deliveries. Invariant kept here: a delivery is acknowledged (by the consumer,
 * when this resolves) after its commit, and after the broker confirmed its reply.
 */
import type { Logger } from 'pino';
import { COMMAND_HEADERS } from '../contract/command-message.js';
import { deadLetter } from '../contract/dead-letter.js';
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import type { Outcome } from '../contract/outcome.js';
import { replyMessage } from '../contract/reply-message.js';
import { commandQueueOf, isReplyAddress } from '../contract/routing.js';
import type { ServiceContract } from '../contract/service.js';
import { crashPoint } from '../crash-point.js';
import type { InboxStore } from './inbox-store.js';
import { logSparsely } from '../util/log-sparsely.js';
import type { CommandObserver, ObservedCommand } from './command-observer.js';
import { messageOf, type DeadLetterCause } from '../errors.js';
import { HandlerTimeBudget, type OnFailure } from '../store/bisect-batch.js';
import { ensureDeadLettered, type DeadLettered } from '../transport/ensure-dead-lettered.js';
import type { Suspect, Transport, Unfinished } from '../transport/transport.js';
import { independentBatches } from './barrier.js';
import type { CommandLog } from './command-log.js';
import { checkedHandler, type AnyHandler } from './command-handlers.js';
import { commandsByTask, receive, type AcceptedCommand, type Received } from './received-command.js';
import { runIsolated, runCommands, type CommandResult } from './run-commands.js';
import { refusedAddress, settleUnanswered, type Answer } from './settle-unanswered.js';

export interface CommandRuntime<Tx> {
  readonly service: ServiceContract;
  /** By the keys of the contract. */
  readonly handlers: Readonly<Record<string, AnyHandler<Tx>>>;
  readonly inbox: InboxStore<Tx>;
  readonly transport: Transport;
  readonly logger: Logger;
  readonly observer: Required<CommandObserver>;
  readonly log: CommandLog;
  /** How long a handler may take, in milliseconds. */
  readonly handlerTimeoutMs: number;
}

/**
 * @returns the function that handles a batch of deliveries of the service's command queue, and returns what is not done
 *   of it.
 */
export function commandBatchHandler<Tx>(
  runtime: CommandRuntime<Tx>,
): (batch: readonly IncomingMessage[]) => Promise<Unfinished> {
  const { service, inbox, transport, logger, log, observer, handlerTimeoutMs } = runtime;
  const commands = commandsByTask(service);
  const queue = commandQueueOf(service.name);
  const handlers = new Map(
    Object.entries(service.commands).map(([key, contract]) => [key, checkedHandler(contract, runtime.handlers[key]!)]),
  );
  const parts = { inbox, handlers, log, logger, handlerTimeoutMs, timeBudget: new HandlerTimeBudget() };

  const onFailure: OnFailure = (failure, error, size) => {
    observer.batchFailed('commands', failure);
    logger.warn({ queue, size, failure, reason: messageOf(error) }, 'a batch failed as a whole');
  };

  /** @returns the messages of which neither the answer nor the letter could be kept */
  const publish = async (
    answers: readonly Answer[],
    deadLettered: readonly DeadLettered[] = [],
  ): Promise<readonly IncomingMessage[]> => {
    const fates = await transport.publish([
      ...answers.map(({ reply }) => reply),
      ...deadLettered.map(({ letter }) => letter),
    ]);
    const undone = await ensureDeadLettered(deadLettered, fates.slice(answers.length), transport, logger);
    const unanswered = answers.filter((_answer, index) => fates[index] !== 'confirmed');
    undone.push(...(await settleUnanswered(unanswered, queue, transport, logger)));
    crashPoint('participant:after-publish');
    return undone;
  };

  /** Tells what came of commands. @returns their answers */
  const conclude = (
    results: readonly CommandResult[],
    deliveries: ReadonlyMap<AcceptedCommand, IncomingMessage>,
  ): { observed: ObservedCommand[]; answers: Answer[] } => {
    crashPoint('participant:after-commit');
    const observed = results.map(({ command, outcome, fate }) => {
      const { task, commandId, sagaId, attempt } = command.received;
      log.handled(command, fate);
      return { task, commandId, sagaId, attempt, traceparent: command.traceparent, fate, outcome };
    });
    return {
      observed,
      answers: results.flatMap(({ command, outcome }) =>
        outcome ? [{ message: deliveries.get(command)!, reply: replyTo(command, outcome) }] : [],
      ),
    };
  };

  const suspectOf = (command: AcceptedCommand, message: IncomingMessage): Suspect => ({
    messages: [message],
    handleIsolated: async () => {
      const begun = performance.now();
      const onBlame = () => observer.itemBlamed('commands', 'HANDLER_FAILED');
      const result = await runIsolated(parts, command, { onFailure, onBlame });
      const { observed, answers } = conclude([result], new Map([[command, message]]));
      observer.handled(observed, performance.now() - begun);
      return publish(answers);
    },
  });

  return async (batch) => {
    const accepted = new Map<AcceptedCommand, IncomingMessage>();
    const answers: Answer[] = [];
    const deadLettered: DeadLettered[] = [];
    const observed: ObservedCommand[] = [];
    const suspects: Suspect[] = [];
    const begun = performance.now();
    for (const message of batch) {
      const received = await answerable(receive(message, commands), transport);
      if (received.type === 'accepted') accepted.set(received.command, message);
      else if (received.type === 'answered') {
        const { task, commandId, attempt, outcome } = received;
        observed.push({ task, commandId, sagaId: null, attempt, traceparent: null, fate: 'invalid', outcome });
        logger.debug({ task, commandId, outcome }, 'a command is answered without being handled');
        answers.push({ message, reply: replyMessage(received, received.replyTo) });
      } else {
        const { cause, detail } = received;
        const { correlationId } = message;
        logSparsely(
          logger,
          'warn',
          { queue, cause, detail, correlationId },
          'a message cannot be answered and is dead-lettered',
        );
        deadLettered.push({ message, letter: deadLetter(message, queue, received.cause, received.detail) });
      }
    }
    for (const batch of independentBatches([...accepted.keys()])) {
      const run = await runCommands(parts, batch, onFailure);
      const concluded = conclude(run.results, accepted);
      observed.push(...concluded.observed);
      answers.push(...concluded.answers);
      suspects.push(...run.suspects.map((command) => suspectOf(command, accepted.get(command)!)));
    }
    observer.handled(observed, performance.now() - begun);
    return { later: await publish(answers, deadLettered), suspects };
  };
}

/** A destination never comes from a message alone: it must look like a reply exchange, and exist. */
async function answerable(received: Received, transport: Transport): Promise<Received> {
  if (received.type === 'dead') return received;
  const replyAddress = received.type === 'accepted' ? received.command.replyTo : received.replyTo;
  const dead = (detail: string): Received => ({
    type: 'dead',
    cause: 'REPLY_ADDRESS_REFUSED' satisfies DeadLetterCause,
    detail,
  });
  if (!isReplyAddress(replyAddress)) return dead('replyTo must name an exchange "<saga>.responses"');
  if (!(await transport.canPublishTo(replyAddress))) return dead(refusedAddress(replyAddress));
  return received;
}

function replyTo({ received, replyTo: address, traceparent }: AcceptedCommand, outcome: Outcome): OutgoingMessage {
  const headers = {
    [COMMAND_HEADERS.sagaId]: received.sagaId,
    ...(traceparent === null ? {} : { [COMMAND_HEADERS.traceparent]: traceparent }),
  };
  const { task, commandId, attempt } = received;
  return replyMessage({ task, commandId, attempt, outcome }, address, headers);
}
