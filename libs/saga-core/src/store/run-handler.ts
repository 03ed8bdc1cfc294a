/** Runs handlers. Invariant kept here: an input whose handler throws takes none of its neighbours with it. */
import type { Handler } from '../contract/handler.js';
import type { Logger } from 'pino';
import { messageOf, SagaError } from '../errors.js';
import { withTimeout } from '../util/with-timeout.js';

/** What a handler did with one input: it answered, or it threw. */
export type Handled<Answer> = { readonly answer: Answer } | { readonly thrown: unknown };

/** Tells those who debug that a transaction is run again, one input at a time. */
export const logRetry = (logger: Logger) => (thrown: unknown) =>
  logger.debug({ reason: messageOf(thrown) }, 'a batch handler threw; its inputs are handled one at a time');

/** What running handlers needs of a transaction. */
export interface HandlerSession<Tx> {
  readonly tx: Tx;
  /** Runs work whose writes are undone when it throws. @throws {TransactionBroken} when they cannot be, alone */
  isolated<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Breaks the transaction at once, whatever it waits for. */
  abandon(): void;
  /** Undoes what a handler has set for the rest of the transaction: a role, a search path. */
  resetSession(): Promise<void>;
}

/**
 * How the handlers of a transaction run.
 *
 * optimistic: a batch handler runs without a savepoint, which saves two round trips. When it throws, the whole
 * transaction is to be run again, isolated. isolated: each input runs alone, after a savepoint.
 */
export type HandlerMode = 'optimistic' | 'isolated';

/** Thrown where a handler took longer than it may: its transaction is broken, so that nothing it still does is kept. */
export class HandlerTimeout extends Error {
  constructor(ms: number) {
    super(`It took longer than ${ms} ms, and was given up: nothing of it was kept`);
    this.name = 'HandlerTimeout';
  }
}

/** Thrown when a batch handler threw in an optimistic transaction: it must be rolled back and run again, isolated. */
export class BatchHandlerFailed extends Error {
  constructor(cause: unknown) {
    super('A batch handler threw; its transaction is run again, one input at a time', { cause });
    this.name = 'BatchHandlerFailed';
  }
}

/** The transaction can neither go on nor back to a savepoint: nothing of it is kept. `cause` says why. */
export class TransactionBroken extends Error {
  /** What the work threw before that. */
  readonly thrown: unknown;
  /** The input whose handler ran then, if one did: it may be to blame. */
  suspect: unknown = null;

  constructor(thrown: unknown, cause: unknown) {
    super('The transaction is broken, and is rolled back', { cause });
    this.name = 'TransactionBroken';
    this.thrown = thrown;
  }
}

/**
 * Runs a transaction optimistically, and again isolated when a batch handler threw.
 *
 * @param work - runs one whole transaction
 * @param onRetry - told what a batch handler threw, before the transaction is run again
 */
export async function optimistically<Result>(
  work: (mode: HandlerMode) => Promise<Result>,
  onRetry: (thrown: unknown) => void,
): Promise<Result> {
  try {
    return await work('optimistic');
  } catch (thrown) {
    if (!(thrown instanceof BatchHandlerFailed)) throw thrown;
    onRetry(thrown.cause);
    return work('isolated');
  }
}

/**
 * Breaks the transaction when work in it takes too long.
 *
 * @throws {HandlerTimeout} then, and what the work throws
 */
export async function withinTime<Result>(
  session: Pick<HandlerSession<unknown>, 'abandon'>,
  ms: number,
  work: () => Promise<Result>,
): Promise<Result> {
  return withTimeout(work(), ms, () => {
    session.abandon();
    throw new HandlerTimeout(ms);
  });
}

export interface RunOptions<Answer> {
  readonly mode: HandlerMode;
  /** How long one call of the handler may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether an answer means that the input's writes must be undone (a refusal). */
  readonly keepsNothing: (answer: Answer) => boolean;
}

/**
 * Runs a handler for a batch of inputs so that none that throws takes its neighbours with it.
 *
 * @returns what became of each input, in their order
 * @throws {BatchHandlerFailed} when a batch handler threw in an optimistic transaction
 * @throws {TransactionBroken} when an input broke the transaction; `suspect` is that input
 */
export async function runHandler<Tx, Input, Answer>(
  session: HandlerSession<Tx>,
  handler: Handler<Tx, Input, Answer>,
  inputs: readonly Input[],
  { mode, timeoutMs, keepsNothing }: RunOptions<Answer>,
): Promise<Handled<Answer>[]> {
  const inTime = <Result>(work: () => Promise<Result>) => withinTime(session, timeoutMs, work);

  const isolated = async (input: Input, work: () => Promise<Answer>): Promise<Handled<Answer>> => {
    try {
      const answer = await session.isolated(async () => {
        const given = await inTime(work);
        if (keepsNothing(given)) throw new Undone(given);
        await session.resetSession();
        return given;
      });
      return { answer };
    } catch (thrown) {
      if (thrown instanceof TransactionBroken) {
        thrown.suspect = input;
        throw thrown;
      }
      if (thrown instanceof Undone) return { answer: thrown.answer as Answer };
      return { thrown };
    }
  };

  if (typeof handler === 'function') {
    const handled: Handled<Answer>[] = [];
    for (const input of inputs) handled.push(await isolated(input, () => handler(session.tx, input)));
    return handled;
  }

  const runBatch = async (batch: readonly Input[]): Promise<readonly Answer[]> => {
    const answers = await handler.handleBatch(session.tx, batch);
    if (answers.length !== batch.length)
      throw new SagaError(
        'HANDLER_CONTRACT',
        `A batch handler was given ${batch.length} inputs and answered ${answers.length}`,
      );
    return answers;
  };
  if (mode === 'optimistic') {
    try {
      const answers = await inTime(() => runBatch(inputs));
      await session.resetSession();
      return answers.map((answer) => ({ answer }));
    } catch (thrown) {
      throw new BatchHandlerFailed(thrown);
    }
  }
  const handled: Handled<Answer>[] = [];
  for (const input of inputs) handled.push(await isolated(input, async () => (await runBatch([input]))[0]!));
  return handled;
}

/** Carries a refusal out of the work whose writes it undoes. */
class Undone extends Error {
  readonly answer: unknown;

  constructor(answer: unknown) {
    super('The handler refused');
    this.answer = answer;
  }
}
