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
 * Runs a handler for a set of inputs so that none that throws takes its neighbours with it: a set handler is tried for all, and if that throws for each
 * alone.
 *
 * @param keepsNothing - whether an answer means that the input's writes must be undone (a refusal)
 * @param isFatal - errors that concern the whole transaction and are thrown on
 * @returns what became of each input, in their order
 */
export async function runHandler<Tx, Input, Answer>(
  session: HandlerSession<Tx>,
  handler: Handler<Tx, Input, Answer>,
  inputs: readonly Input[],
  keepsNothing: (answer: Answer) => boolean,
  isFatal: (thrown: unknown) => boolean,
): Promise<Handled<Answer>[]> {
  const attempt = async (work: () => Promise<Handled<Answer>[]>): Promise<Handled<Answer>[]> => {
    try {
      return await session.isolated(work);
    } catch (thrown) {
      if (thrown instanceof Undone) return [{ answer: thrown.answer as Answer }];
      if (isFatal(thrown)) throw thrown;
      return [{ thrown }];
    }
  };
  const runSet = (set: readonly Input[]) => async (): Promise<Handled<Answer>[]> => {
    if (typeof handler === 'function') {
      const answer = await handler(session.tx, set[0]!);
      if (keepsNothing(answer)) throw new Undone(answer);
      return [{ answer }];
    }
    const answers = await handler.handleSet(session.tx, set);
    if (answers.length !== set.length)
      throw new SagaError(
        'HANDLER_CONTRACT',
        `A set handler was given ${set.length} inputs and answered ${answers.length}`,
      );
    return answers.map((answer) => ({ answer }));
  };

  if (typeof handler !== 'function' && inputs.length > 1) {
    const together = await attempt(runSet(inputs));
    if (together.length === inputs.length && !together.some((handled) => 'thrown' in handled)) return together;
  }
  const handled: Handled<Answer>[] = [];
  for (const input of inputs) handled.push(...(await attempt(runSet([input]))));
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
