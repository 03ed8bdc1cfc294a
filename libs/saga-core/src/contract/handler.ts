/**
 * A handler takes one input, or, marked by {@link inBatches}, all inputs of a transaction at once.
 * Both run in the transaction that also stores what they answer.
 */

/**
 * Handles one input. What it throws is an error of that input alone: its writes are rolled back, its neighbours' are
 * kept.
 */
export type SingleHandler<Tx, Input, Answer> = (tx: Tx, input: Input) => Promise<Answer>;

/**
 * Handles many inputs in few statements and answers them in the same order. When it throws, its writes are rolled back
 * and it is called again for each input alone. For an input that it refuses it must not have written anything.
 */
export interface BatchHandler<Tx, Input, Answer> {
  readonly handleBatch: (tx: Tx, inputs: readonly Input[]) => Promise<readonly Answer[]>;
}

export type Handler<Tx, Input, Answer> = SingleHandler<Tx, Input, Answer> | BatchHandler<Tx, Input, Answer>;

/**
 * Marks a function as a handler of batches: many inputs, few statements.
 *
 * @param handleBatch - answers as many, in the same order, as it was given
 */
export function inBatches<Tx, Input, Answer>(
  handleBatch: (tx: Tx, inputs: readonly Input[]) => Promise<readonly Answer[]>,
): BatchHandler<Tx, Input, Answer> {
  return { handleBatch };
}

/**
 * @param check - @returns an answer as it is to be used; what it throws counts as thrown by the handler, and nothing of
 *   the handler's effect is kept
 * @returns the handler, with its answers checked
 */
export function withCheckedAnswers<Tx, Input, Answer>(
  handler: Handler<Tx, Input, Answer>,
  check: (input: Input, answer: Answer) => Answer,
): Handler<Tx, Input, Answer> {
  if (typeof handler === 'function') return async (tx, input) => check(input, await handler(tx, input));
  return inBatches(async (tx, inputs) => {
    // A list of its own: it may empty it.
    const answers = await handler.handleBatch(tx, [...inputs]);
    // Whoever runs it sees to their number.
    return answers.length === inputs.length ? answers.map((answer, index) => check(inputs[index]!, answer)) : answers;
  });
}
