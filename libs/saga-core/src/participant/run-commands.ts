/**
 * Commands in the database. Invariants kept here:
 * - Effect, inbox entry and stored reply commit in one transaction.
 * - A handler that throws, breaks its transaction or takes too long takes no neighbour with it. It is answered as an
 *   error and not stored: the orchestrator alone decides about another attempt.
 */
import type { Logger } from 'pino';
import { isRefusal, type Outcome } from '../contract/outcome.js';
import { crashPoint } from '../crash-point.js';
import { groupBy } from '../util/group-by.js';
import { DuplicateCommand, type InboxAnswer, type InboxSession, type InboxStore } from './inbox-store.js';
import type { CommandFate } from './command-observer.js';
import {
  optimistically,
  runHandler,
  logRetry,
  TransactionBroken,
  withinTime,
  type Handled,
  type HandlerMode,
} from '../store/run-handler.js';
import { messageOf } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { isConflict } from '../store/database-errors.js';
import { bisectBatch, handleIsolated, type OnFailure, type HandlerTimeBudget } from '../store/bisect-batch.js';
import { claimsOf, barrierDecisions } from './barrier.js';
import { isNoReply, type AnyHandler } from './command-handlers.js';
import type { CommandLog } from './command-log.js';
import type { AcceptedCommand } from './received-command.js';

export interface CommandParts<Tx> {
  readonly inbox: InboxStore<Tx>;
  /** By the keys of the contract. */
  readonly handlers: ReadonlyMap<string, AnyHandler<Tx>>;
  readonly log: CommandLog;
  readonly logger: Logger;
  /** How long a handler may take, in milliseconds. */
  readonly handlerTimeoutMs: number;
  readonly timeBudget: HandlerTimeBudget;
}

/** What came of a command; an outcome of null is not to be told. */
export interface CommandResult {
  readonly command: AcceptedCommand;
  readonly outcome: Outcome | null;
  readonly fate: CommandFate;
}

/** What came of commands that were handled together. */
export interface RunCommands {
  readonly results: readonly CommandResult[];
  /** Commands that failed, or may have made others fail: they are to be run alone. */
  readonly suspects: readonly AcceptedCommand[];
}

/**
 * Runs commands of which none needs another's end.
 *
 * @param onFailure - told when they could not be handled as one batch
 * @throws when the database is away
 */
export async function runCommands<Tx>(
  parts: CommandParts<Tx>,
  batch: readonly AcceptedCommand[],
  onFailure: OnFailure,
): Promise<RunCommands> {
  const { results, suspects } = await bisectBatch(batch, {
    timeBudget: parts.timeBudget,
    handle: (commands, timeShare) => runOnce(parts, commands, CONSTANTS.sharedHandlerTimeShare * timeShare),
    isReachable: () => parts.inbox.isReachable(),
    onFailure,
  });
  return {
    results: results.flatMap((part) => part.results),
    suspects: [...suspects, ...results.flatMap((part) => part.suspects)],
  };
}

/**
 * Runs one command in a transaction of its own.
 *
 * @param onBlame - told when the command is to blame for having no answer
 * @throws when the database is away
 */
export async function runIsolated<Tx>(
  parts: CommandParts<Tx>,
  command: AcceptedCommand,
  { onFailure, onBlame }: { readonly onFailure: OnFailure; readonly onBlame: () => void },
): Promise<CommandResult> {
  const failed = (error: unknown): CommandResult => {
    onBlame();
    return { command, outcome: failureOf(error, command, parts.log), fate: 'error' };
  };
  return handleIsolated(async () => (await runOnce(parts, [command], 'alone')).results[0]!, failed, {
    isReachable: () => parts.inbox.isReachable(),
    onFailure,
  });
}

/**
 * A batch with duplicates is run again from its beginning, with each command claimed.
 *
 * @param share - the part of its time that a handler may take beside others
 */
async function runOnce<Tx>(
  { inbox, handlers, log, logger, handlerTimeoutMs }: CommandParts<Tx>,
  batch: readonly AcceptedCommand[],
  share: number | 'alone',
): Promise<RunCommands> {
  const alone = share === 'alone';
  const timeoutMs = handlerTimeoutMs * (alone ? 1 : share);
  const runAs = (mode: HandlerMode, claimAll: boolean) =>
    inbox.transaction((session) => runBatch(session, batch, handlers, { mode, claimAll, timeoutMs, log }));
  const run = (claimAll: boolean) =>
    alone ? runAs('isolated', claimAll) : optimistically((mode) => runAs(mode, claimAll), logRetry(logger));
  try {
    return await run(false);
  } catch (error) {
    if (!(error instanceof DuplicateCommand)) throw error;
    return run(true);
  }
}

interface RunBatchOptions {
  readonly mode: HandlerMode;
  readonly claimAll: boolean;
  readonly timeoutMs: number;
  readonly log: CommandLog;
}

/**
 * To claim a command before it is handled costs a round trip and a second write. So a command whose handler does only
 * what its transaction can undo, and that is not likely to be a duplicate, is recorded after it was handled: if it was
 * one, nothing of the batch is kept.
 */
async function runBatch<Tx>(
  session: InboxSession<Tx>,
  batch: readonly AcceptedCommand[],
  handlers: ReadonlyMap<string, AnyHandler<Tx>>,
  { mode, claimAll, timeoutMs, log }: RunBatchOptions,
): Promise<RunCommands> {
  const isClaimed = ({ contract, key, received }: AcceptedCommand): boolean =>
    claimAll ||
    mode === 'isolated' ||
    contract.undoes !== null ||
    received.attempt > 1 ||
    typeof handlers.get(key) === 'function';
  const claimed = batch.filter(isClaimed);
  const claims = claimsOf(claimed);
  // Another transaction may hold one of them, for as long as its handler takes.
  const states = claims.length > 0 ? await withinTime(session, timeoutMs, () => session.claim(claims)) : [];
  const verdicts = new Map(
    barrierDecisions(claimed, claims, states).map((verdict, index) => [claimed[index]!, verdict]),
  );
  const results = new Map<AcceptedCommand, CommandResult>();
  const suspects = new Set<AcceptedCommand>();
  const toRun: AcceptedCommand[] = [];
  for (const command of batch) {
    const verdict = verdicts.get(command);
    if (!verdict || verdict.run) toRun.push(command);
    else results.set(command, { command, outcome: verdict.outcome, fate: verdict.fate });
  }
  for (const [key, commands] of groupBy(toRun, (command) => command.key)) {
    const inputs = commands.map(({ received }) => received);
    const run = runHandler(session, handlers.get(key)!, inputs, { mode, timeoutMs, keepsNothing: isRefusal });
    const handled = await run.catch((error: unknown) => {
      if (error instanceof TransactionBroken)
        error.suspect = commands.find(({ received }) => received === error.suspect);
      throw error;
    });
    handled.forEach((each, index) => {
      const command = commands[index]!;
      if ('thrown' in each && batch.length > 1) return void suspects.add(command);
      if ('thrown' in each && isConflict(each.thrown)) throw each.thrown;
      results.set(command, resultOf(each, command, log));
    });
  }
  const answers = (commands: readonly AcceptedCommand[]): InboxAnswer[] =>
    commands.map((command) => ({ identity: command.identity, outcome: results.get(command)!.outcome }));
  const isAnswered = (command: AcceptedCommand): boolean => !suspects.has(command) && !isError(results.get(command)!);
  const fresh = claimed.filter((command) => {
    const verdict = verdicts.get(command)!;
    return verdict.run || verdict.store;
  });
  await session.answer(answers(fresh.filter(isAnswered)));
  await session.release(fresh.filter((command) => !isAnswered(command)).map(({ identity }) => identity));
  crashPoint('participant:before-commit');
  await session.recordLast(answers(batch.filter((command) => !verdicts.has(command))));
  return { results: batch.flatMap((command) => results.get(command) ?? []), suspects: [...suspects] };
}

const isError = ({ outcome }: CommandResult): boolean => outcome?.kind === 'error';

function resultOf(handled: Handled<unknown>, command: AcceptedCommand, log: CommandLog): CommandResult {
  if ('thrown' in handled) return { command, outcome: failureOf(handled.thrown, command, log), fate: 'error' };
  const { answer } = handled;
  if (isNoReply(answer)) return { command, outcome: null, fate: 'withheld' };
  const outcome: Outcome = isRefusal(answer) ? answer : { kind: 'success', reply: answer };
  return { command, outcome, fate: outcome.kind };
}

function failureOf(thrown: unknown, command: AcceptedCommand, log: CommandLog): Outcome {
  log.failed(command, thrown);
  return { kind: 'error', code: 'HANDLER_FAILED', message: messageOf(thrown) };
}
