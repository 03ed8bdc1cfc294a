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
import { DuplicateCommand, type InboxAnswer, type InboxSession, type InboxStore } from '../engine/inbox-store.js';
import type { CommandFate, CommandObserver, ObservedCommand } from '../engine/observer.js';
import { groupBy } from '../engine/group-by.js';
import { logSparsely } from '../engine/log-sparsely.js';
import { runHandler, withHope, type Care, type Handled } from '../engine/run-handler.js';
import { isTransient } from '../store/database-errors.js';
import { assertDeadLettersKept } from '../transport/kept-dead-letters.js';
import type { Transport } from '../transport/transport.js';
import { claimsOf, inWaves, verdictsOf } from './barrier.js';
import type { CommandLog } from './command-log.js';
import { checkedHandler, isWithheld, type AnyHandler } from './command-handlers.js';
import { commandsByTask, receive, type AcceptedCommand, type Received } from './received-command.js';

export interface CommandRuntime<Tx> {
  readonly service: ServiceContract;
  /** By the keys of the contract. */
  readonly handlers: Readonly<Record<string, AnyHandler<Tx>>>;
  readonly inbox: InboxStore<Tx>;
  readonly transport: Transport;
  readonly logger: Logger;
  readonly observer: Required<CommandObserver>;
  readonly log: CommandLog;
}

/** @returns the function that handles a set of deliveries of the service's command queue. */
export function commandSetHandler<Tx>(runtime: CommandRuntime<Tx>): (set: readonly IncomingMessage[]) => Promise<void> {
  const { service, inbox, transport, logger, log, observer } = runtime;
  const commands = commandsByTask(service);
  const queue = commandQueueOf(service.name);
  const handlers = new Map(
    Object.entries(service.commands).map(([key, contract]) => [key, checkedHandler(contract, runtime.handlers[key]!)]),
  );

  return async (set) => {
    const accepted: AcceptedCommand[] = [];
    const outgoing: OutgoingMessage[] = [];
    const observed: ObservedCommand[] = [];
    const begun = performance.now();
    for (const message of set) {
      const received = await answerable(receive(message, commands), transport);
      if (received.type === 'accepted') accepted.push(received.command);
      else if (received.type === 'answered') {
        const { task, commandId, outcome } = received;
        observed.push({ task, commandId, sagaId: null, attempt: 1, traceparent: null, fate: 'invalid', outcome });
        logger.debug({ task, commandId, outcome }, 'a command is answered without being handled');
        outgoing.push(replyMessage(received, received.replyTo));
      } else {
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
      const results = await handleWaveOnce(inbox, wave, handlers, log);
      crashPoint('participant:after-commit');
      wave.forEach((command, index) => {
        const { outcome, fate } = results[index]!;
        const { task, commandId, sagaId, attempt } = command.received;
        observed.push({ task, commandId, sagaId, attempt, traceparent: command.traceparent, fate, outcome });
        log.handled(command.received, fate);
        if (outcome) outgoing.push(replyTo(command, outcome));
      });
    }
    observer.handled(observed, performance.now() - begun);
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
  if (!(await transport.canPublishTo(replyAddress)))
    return dead(`There is no exchange "${replyAddress}" that this service may write to`);
  return received;
}

/** Handles commands of which none needs another's end, in one transaction. A set with duplicates is handled again from its beginning, with each command claimed. */
async function handleWaveOnce<Tx>(
  inbox: InboxStore<Tx>,
  wave: readonly AcceptedCommand[],
  handlers: ReadonlyMap<string, AnyHandler<Tx>>,
  log: CommandLog,
): Promise<Result[]> {
  const handle = (claimAll: boolean) =>
    withHope((care) => inbox.transaction((session) => handleWave(session, wave, handlers, { care, claimAll, log })));
  try {
    return await handle(false);
  } catch (error) {
    if (!(error instanceof DuplicateCommand)) throw error;
    return handle(true);
  }
}

/** What came of a command; an outcome of null is not to be told. */
interface Result {
  readonly outcome: Outcome | null;
  readonly fate: CommandFate;
}

interface WaveOptions {
  readonly care: Care;
  readonly claimAll: boolean;
  readonly log: CommandLog;
}

/**
 * To claim a command before it is handled costs a round trip and a second write. So a command whose handler does only what its transaction can undo, and
 * that is not likely to be a duplicate, is recorded after it was handled: if it was one, nothing of the set is kept.
 */
async function handleWave<Tx>(
  session: InboxSession<Tx>,
  wave: readonly AcceptedCommand[],
  handlers: ReadonlyMap<string, AnyHandler<Tx>>,
  { care, claimAll, log }: WaveOptions,
): Promise<Result[]> {
  const isClaimed = ({ contract, key, received }: AcceptedCommand): boolean =>
    claimAll ||
    care === 'careful' ||
    contract.undoes !== null ||
    received.attempt > 1 ||
    typeof handlers.get(key) === 'function';
  const claimed = wave.filter(isClaimed);
  const claims = claimsOf(claimed);
  const states = claims.length > 0 ? await session.claim(claims) : [];
  const verdicts = new Map(verdictsOf(claimed, claims, states).map((verdict, index) => [claimed[index]!, verdict]));
  const results = new Map<AcceptedCommand, Result>();
  const toRun: AcceptedCommand[] = [];
  for (const command of wave) {
    const verdict = verdicts.get(command);
    if (!verdict || verdict.run) toRun.push(command);
    else results.set(command, verdict);
  }
  for (const [key, commands] of groupBy(toRun, (command) => command.key)) {
    const inputs = commands.map(({ received }) => received);
    const handled = await runHandler(session, handlers.get(key)!, inputs, {
      care,
      keepsNothing: isRefusal,
      isFatal: isTransient,
    });
    handled.forEach((each, index) => {
      const outcome = outcomeOf(each, commands[index]!, log);
      results.set(commands[index]!, { outcome, fate: outcome?.kind ?? 'withheld' });
    });
  }
  const answers = (commands: readonly AcceptedCommand[]): InboxAnswer[] =>
    commands.map((command) => ({ identity: command.identity, outcome: results.get(command)!.outcome }));
  const failed = (command: AcceptedCommand): boolean => results.get(command)!.outcome?.kind === 'error';
  const fresh = claimed.filter((command) => {
    const verdict = verdicts.get(command)!;
    return verdict.run || verdict.store;
  });
  await session.answer(answers(fresh.filter((command) => !failed(command))));
  await session.release(fresh.filter(failed).map(({ identity }) => identity));
  crashPoint('participant:before-commit');
  await session.recordLast(answers(wave.filter((command) => !verdicts.has(command))));
  return wave.map((command) => results.get(command)!);
}

function outcomeOf(handled: Handled<unknown>, { received }: AcceptedCommand, log: CommandLog): Outcome | null {
  if ('thrown' in handled) {
    log.failed(received, handled.thrown);
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
