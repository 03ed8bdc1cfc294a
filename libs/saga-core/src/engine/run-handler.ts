import type { Handler } from '../contract/handler.js';
import { SagaError } from '../errors.js';

/** What a handler did with one input: it answered, or it threw. */
export type Handled<Answer> = { readonly answer: Answer } | { readonly thrown: unknown };

/** What running handlers needs of a transaction. */
export interface HandlerSession<Tx> {
  readonly tx: Tx;
  isolated<Result>(work: () => Promise<Result>): Promise<Result>;
}

/**
 * How carefully handlers run. hopeful: a set handler runs without a savepoint, which costs two round trips; if it throws, the whole transaction is to be
 * run again, careful. careful: whatever runs does so after a savepoint.
 */
export type Care = 'hopeful' | 'careful';

/** Thrown when hope was in vain: the transaction must be rolled back and run again, careful. */
export class RunAgainCarefully extends Error {
  constructor() {
    super('A set handler threw; its transaction is run again, one input at a time');
    this.name = 'RunAgainCarefully';
  }
}

/**
 * Runs work hopefully, and again carefully when that was in vain.
 *
 * @param work - runs one whole transaction
 */
export async function withHope<Result>(work: (care: Care) => Promise<Result>): Promise<Result> {
  try {
    return await work('hopeful');
  } catch (thrown) {
    if (!(thrown instanceof RunAgainCarefully)) throw thrown;
    return work('careful');
  }
}

export interface RunOptions<Answer> {
  readonly care: Care;
  /** Whether an answer means that the input's writes must be undone (a refusal). */
  readonly keepsNothing: (answer: Answer) => boolean;
  /** Errors that concern the whole transaction and are thrown on. */
  readonly isFatal: (thrown: unknown) => boolean;
}

/**
 * Runs a handler for a set of inputs so that none that throws takes its neighbours with it: a set handler is tried for all, and if that throws for each
 * alone.
 *
 * @returns what became of each input, in their order
 * @throws {RunAgainCarefully} when it was hopeful and a set handler threw; and what `isFatal` says is fatal
 */
export async function runHandler<Tx, Input, Answer>(
  session: HandlerSession<Tx>,
  handler: Handler<Tx, Input, Answer>,
  inputs: readonly Input[],
  { care, keepsNothing, isFatal }: RunOptions<Answer>,
): Promise<Handled<Answer>[]> {
  const isolated = async (work: () => Promise<Answer>): Promise<Handled<Answer>> => {
    try {
      const answer = await session.isolated(async () => {
        const given = await work();
        if (keepsNothing(given)) throw new Undone(given);
        return given;
      });
      return { answer };
    } catch (thrown) {
      if (thrown instanceof Undone) return { answer: thrown.answer as Answer };
      if (isFatal(thrown)) throw thrown;
      return { thrown };
    }
  };

  if (typeof handler === 'function') {
    const handled: Handled<Answer>[] = [];
    for (const input of inputs) handled.push(await isolated(() => handler(session.tx, input)));
    return handled;
  }

  const runSet = async (set: readonly Input[]): Promise<readonly Answer[]> => {
    const answers = await handler.handleSet(session.tx, set);
    if (answers.length !== set.length)
      throw new SagaError(
        'HANDLER_CONTRACT',
        `A set handler was given ${set.length} inputs and answered ${answers.length}`,
      );
    return answers;
  };
  if (care === 'hopeful') {
    try {
      return (await runSet(inputs)).map((answer) => ({ answer }));
    } catch (thrown) {
      throw isFatal(thrown) ? thrown : new RunAgainCarefully();
    }
  }
  const handled: Handled<Answer>[] = [];
  for (const input of inputs) handled.push(await isolated(async () => (await runSet([input]))[0]!));
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
