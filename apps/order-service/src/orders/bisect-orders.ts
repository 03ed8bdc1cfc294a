/**
 * Invariant: an order that cannot be taken takes no other with it. A batch that fails is divided until the guilty one
 * is alone, beside the batches that come after it; the others are taken, and answered, meanwhile.
 */
import { databaseAnswers, createBatcher, isOutage, logSparsely, isRetryable, messageOf, SagaError } from 'saga-core';
import type { Candidate, Outcome } from './candidate.js';
import { KeyHeld } from './idempotency-keys.js';
import { orderLookupFailed, orderNotAccepted } from './order-problems.js';
import { acceptOrders, type IntakeParts } from './accept-orders.js';

/** For how long a batch is divided; what is not taken by then is told to come again. */
const DIVIDE_MS = 10_000;

/** What became of each order of a batch; of some it is not known yet. None of the promises rejects. */
type Outcomes = readonly (Outcome | Promise<Outcome>)[];

interface Part {
  readonly candidates: readonly Candidate[];
  /** When to stop dividing, by the process's own clock. */
  readonly until: number;
}

/**
 * @returns a function that takes a batch of orders. It answers KeyHeld for one whose Idempotency-Key is held by another
 *   transaction.
 */
export function orderBatchHandler(parts: IntakeParts): (candidates: readonly Candidate[]) => Promise<Outcomes> {
  async function take({ candidates, until }: Part): Promise<Outcomes> {
    try {
      return await acceptOrders(parts, candidates);
    } catch (error) {
      if (candidates.length === 1) {
        if (!(error instanceof KeyHeld))
          logSparsely(parts.logger, 'warn', { reason: messageOf(error) }, 'an order could not be taken');
        return candidates.map((candidate) => failureOf(candidate, error));
      }
      // What the error says is not enough: it may be that of one order, whatever its code.
      if (performance.now() > until || (await isOutage(error, () => databaseAnswers(parts.database))))
        return candidates.map((candidate) => notStored(candidate, error));
      logSparsely(
        parts.logger,
        'warn',
        { reason: messageOf(error) },
        'orders could not be taken together; they are divided',
      );
      const outcomes = new Map(halvesOf(candidates).flatMap((half) => takeAside({ candidates: half, until })));
      return candidates.map((candidate) => outcomes.get(candidate)!);
    }
  }

  // One part after the other, and so on one connection, however many sets fail at once.
  const nextPart = createBatcher(async ([part]: readonly Part[]) => [await take(part!)], { maxBatchSize: 1 });

  function takeAside(part: Part): (readonly [Candidate, Promise<Outcome>])[] {
    const outcomes = nextPart(part);
    const outcomeAt = async (index: number): Promise<Outcome> => (await outcomes)[index]!;
    return part.candidates.map((candidate, index) => [candidate, outcomeAt(index)]);
  }

  return (candidates) => take({ candidates, until: performance.now() + DIVIDE_MS });
}

/**
 * Those with and those without a key are divided first: a key that is held is the commonest reason, and the others go
 * on at once.
 */
function halvesOf(candidates: readonly Candidate[]): (readonly Candidate[])[] {
  const free = candidates.filter(({ claim }) => claim === null);
  const middle = candidates.length >> 1;
  return free.length > 0 && free.length < candidates.length
    ? [free, candidates.filter(({ claim }) => claim !== null)]
    : [candidates.slice(0, middle), candidates.slice(middle)];
}

function failureOf(candidate: Candidate, error: unknown): Error {
  if (error instanceof KeyHeld) return error;
  // Alone it harms nobody, so it may be told to come again also where it is to blame itself: nothing of it was kept.
  const thrown = error instanceof SagaError && error.code === 'START_FAILED' ? error.cause : error;
  const isRolledBack = error instanceof SagaError && error.code === 'COMMIT_ROLLED_BACK';
  if (isRolledBack || isRetryable(thrown)) return notStored(candidate, error);
  return error instanceof Error ? error : new Error(messageOf(error));
}

/** A key may have an order already: the database was asked for it in vain. */
const notStored = ({ claim }: Candidate, error: unknown): Error =>
  claim ? orderLookupFailed(error) : orderNotAccepted('the database could not store it', error);
