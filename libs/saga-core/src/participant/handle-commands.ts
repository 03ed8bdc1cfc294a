/**
 * What a participant does with a set of deliveries. Invariants kept here:
 * - Effect, inbox entry and stored reply commit in one transaction.
 * - A delivery is acknowledged (by the consumer, when this resolves) after its commit and after the broker confirmed its reply.
 * - A handler that throws takes no neighbour with it. It is answered as an error and not stored: the orchestrator alone decides about another attempt.
 */
import type { Logger } from 'pino';
import { COMMAND_HEADERS } from '../contract/command-message.js';
import { deadLetter } from '../contract/dead-letter.js';
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import { isRefusal, type Outcome } from '../contract/outcome.js';
import { replyMessage } from '../contract/reply-message.js';
import { commandQueueOf, isReplyAddress } from '../contract/routing.js';
import type { ServiceContract } from '../contract/service.js';
import { crashPoint } from '../crash-point.js';
import { messageOf, type DeadLetterCause } from '../errors.js';
import type { InboxSession, InboxStore } from '../engine/inbox-store.js';
import { groupBy } from '../engine/group-by.js';
import { logSparsely } from '../engine/log-sparsely.js';
import { runHandler, withHope, type Care, type Handled } from '../engine/run-handler.js';
import { isTransient } from '../store/database-errors.js';
import { assertDeadLettersKept } from '../transport/kept-dead-letters.js';
import type { Transport } from '../transport/transport.js';
import { claimsOf, inWaves, verdictsOf } from './barrier.js';
import { checkedHandler, isWithheld, type AnyHandler } from './command-handlers.js';
import { commandsByTask, receive, type AcceptedCommand, type Received } from './received-command.js';

export interface CommandRuntime<Tx> {
  readonly service: ServiceContract;
  /** By the keys of the contract. */
  readonly handlers: Readonly<Record<string, AnyHandler<Tx>>>;
  readonly inbox: InboxStore<Tx>;
  readonly transport: Transport;
  readonly logger: Logger;
}

/** @returns the function that handles a set of deliveries of the service's command queue. */
export function commandSetHandler<Tx>(runtime: CommandRuntime<Tx>): (set: readonly IncomingMessage[]) => Promise<void> {
  const { service, inbox, transport, logger } = runtime;
  const commands = commandsByTask(service);
  const queue = commandQueueOf(service.name);
  const handlers = new Map(
    Object.entries(service.commands).map(([key, contract]) => [key, checkedHandler(contract, runtime.handlers[key]!)]),
  );

  return async (set) => {
    const accepted: AcceptedCommand[] = [];
    const outgoing: OutgoingMessage[] = [];
    for (const message of set) {
      const received = await answerable(receive(message, commands), transport);
      if (received.type === 'accepted') accepted.push(received.command);
      else if (received.type === 'answered') outgoing.push(replyMessage(received, received.replyTo));
      else {
        const { cause, detail } = received;
        const { correlationId } = message;
        logSparsely(
          logger,
          'warn',
          { queue, cause, detail, correlationId },
          'a message cannot be answered and is dead-lettered',
        );
        outgoing.push(deadLetter(message, queue, received.cause, received.detail));
      }
    }
    for (const wave of inWaves(accepted)) {
      const outcomes = await withHope((care) =>
        inbox.transaction((session) => handleWave(session, wave, handlers, care, logger)),
      );
      crashPoint('participant:after-commit');
      wave.forEach((command, index) => {
        const outcome = outcomes[index];
        if (outcome) outgoing.push(replyTo(command, outcome));
      });
    }
    const fates = await transport.publish(outgoing);
    assertDeadLettersKept(outgoing, fates);
    outgoing
      .filter((_message, index) => fates[index] === 'returned')
      // It is not lost for good: the orchestrator asks again.
      .forEach(({ exchange, routingKey, correlationId }) =>
        logSparsely(logger, 'warn', { exchange, routingKey, correlationId }, 'no queue takes this reply'),
      );
    crashPoint('participant:after-publish');
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
  if (!(await transport.exchangeExists(replyAddress))) return dead(`There is no exchange "${replyAddress}"`);
  return received;
}

async function handleWave<Tx>(
  session: InboxSession<Tx>,
  wave: readonly AcceptedCommand[],
  handlers: ReadonlyMap<string, AnyHandler<Tx>>,
  care: Care,
  logger: Logger,
): Promise<(Outcome | null)[]> {
  const claims = claimsOf(wave);
  const verdicts = verdictsOf(wave, claims, await session.claim(claims));
  const outcomes = new Array<Outcome | null>(wave.length).fill(null);
  verdicts.forEach((verdict, index) => {
    if (!verdict.run) outcomes[index] = verdict.outcome;
  });
  const toRun = [...wave.keys()].filter((index) => verdicts[index]!.run);
  for (const [key, indexes] of groupBy(toRun, (index) => wave[index]!.key)) {
    const inputs = indexes.map((index) => wave[index]!.received);
    const handled = await runHandler(session, handlers.get(key)!, inputs, {
      care,
      keepsNothing: isRefusal,
      isFatal: isTransient,
    });
    handled.forEach((result, position) => {
      outcomes[indexes[position]!] = outcomeOf(result, wave[indexes[position]!]!, logger);
    });
  }
  const settled = wave.map(({ identity }, index) => ({
    identity,
    outcome: outcomes[index] ?? null,
    verdict: verdicts[index]!,
  }));
  const fresh = settled.filter(({ verdict }) => verdict.run || verdict.store);
  await session.answer(fresh.filter(({ outcome }) => outcome?.kind !== 'error'));
  await session.release(fresh.filter(({ outcome }) => outcome?.kind === 'error').map(({ identity }) => identity));
  crashPoint('participant:before-commit');
  return outcomes;
}

function outcomeOf(handled: Handled<unknown>, { received }: AcceptedCommand, logger: Logger): Outcome | null {
  if ('thrown' in handled) {
    const { task, commandId, sagaId, attempt } = received;
    logger.error({ err: handled.thrown, task, commandId, sagaId, attempt }, 'a command handler failed');
    return { kind: 'error', code: 'HANDLER_FAILED', message: messageOf(handled.thrown) };
  }
  const { answer } = handled;
  if (isWithheld(answer)) return null;
  return isRefusal(answer) ? answer : { kind: 'success', reply: answer };
}

function replyTo({ received, replyTo: address, traceparent }: AcceptedCommand, outcome: Outcome): OutgoingMessage {
  const headers = {
    [COMMAND_HEADERS.sagaId]: received.sagaId,
    ...(traceparent === null ? {} : { [COMMAND_HEADERS.traceparent]: traceparent }),
  };
  return replyMessage({ task: received.task, commandId: received.commandId, outcome }, address, headers);
}
