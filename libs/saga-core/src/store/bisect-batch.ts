/**
 * Invariant kept here: one item harms no other. A batch that fails as a whole is divided until the items that may be to
 * blame are alone; its other items are handled meanwhile, as if those were not there.
 */
import type { BatchFailure } from './batch-observer.js';
import { HandlerTimeout, TransactionBroken } from './run-handler.js';
import { SagaError } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { causeOf, isConflict, isOutage, isUnavailable } from './database-errors.js';

/**
 * How long a handler may take beside others: less, once others have taken all of their time, for those that wait have
 * waited for them. It grows again with each batch of which none does.
 */
export class HandlerTimeBudget {
  private current = 1;
  /** How often a handler has taken all of it. */
  timesExceeded = 0;

  /** The part of its usual time. */
  get share(): number {
    return this.current;
  }

  shrink(): void {
    this.timesExceeded++;
    this.current = Math.max(CONSTANTS.minHandlerTimeShare, this.current / 4);
  }

  grow(): void {
    this.current = Math.min(1, this.current * 2);
  }
}

/** What came of a batch. */
export interface BisectResult<Item, Result> {
  /** One result for each part that was handled. */
  readonly results: readonly Result[];
  /** Items that failed, or may have made others fail. Nothing of them was kept: each is to be handled alone. */
  readonly suspects: readonly Item[];
}

/** Told of each failure of a transaction, of so many items. */
export type OnFailure = (reason: BatchFailure, error: unknown, size: number) => void;

export interface BisectOptions<Item, Result> {
  /**
   * Handles items in one transaction. When it throws, nothing of them was kept.
   *
   * @param timeShare - the part of its usual time that a handler may take
   */
  readonly handle: (items: readonly Item[], timeShare: number) => Promise<Result>;
  /** Kept from batch to batch; full at first unless given. */
  readonly timeBudget?: HandlerTimeBudget;
  /** Asks the database, beside the transaction that failed. */
  readonly isReachable: () => Promise<boolean>;
  readonly onFailure?: OnFailure;
}

/**
 * Handles a batch whole, and in parts where that fails.
 *
 * @throws what a transaction failed with because the database is away: then all is to be tried again later
 */
export async function bisectBatch<Item, Result>(
  batch: readonly Item[],
  { handle, isReachable, onFailure, timeBudget = new HandlerTimeBudget() }: BisectOptions<Item, Result>,
): Promise<BisectResult<Item, Result>> {
  const results: Result[] = [];
  const suspects: Item[] = [];
  const { timesExceeded } = timeBudget;
  const work = async (part: readonly Item[], attempt = 1): Promise<void> => {
    if (part.length === 0) return;
    try {
      results.push(await handle(part, timeBudget.share));
    } catch (error) {
      const failure = await failureOf(error, isReachable);
      onFailure?.(failure, causeOf(error), part.length);
      if (failure === 'database') throw causeOf(error);
      if (isOwnFault(error)) timeBudget.shrink();
      const suspect = error instanceof TransactionBroken ? part.indexOf(error.suspect as Item) : -1;
      if (suspect >= 0) {
        suspects.push(part[suspect]!);
        // Those before it have been well: they are not run again for each that is found after it.
        await work(part.slice(0, suspect));
        return work(part.slice(suspect + 1));
      }
      if (failure === 'conflict' && attempt < CONSTANTS.maxConflicts) return work(part, attempt + 1);
      if (part.length === 1 || isSlow(error)) return void suspects.push(...part);
      const half = Math.ceil(part.length / 2);
      await work(part.slice(0, half));
      await work(part.slice(half));
    }
  };
  await work(batch);
  if (timeBudget.timesExceeded === timesExceeded) timeBudget.grow();
  return { results, suspects };
}

/**
 * Handles one item alone. A conflict, or a session that was lost, may be no fault of its own: then it is tried again.
 *
 * @param handle - handles it in one transaction. When it throws, nothing was kept.
 * @param blame - brings it to its end when it is to blame
 * @throws what the transaction failed with because the database is away
 */
export async function handleIsolated<Result>(
  handle: () => Promise<Result>,
  blame: (error: unknown) => Promise<Result> | Result,
  { isReachable, onFailure }: Pick<BisectOptions<never, never>, 'isReachable' | 'onFailure'>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await handle();
    } catch (error) {
      const failure = await failureOf(error, isReachable);
      onFailure?.(failure, causeOf(error), 1);
      if (failure === 'database') throw causeOf(error);
      const mayPass = failure === 'conflict' || (isLostSession(causeOf(error)) && !isOwnFault(error));
      if (!mayPass || attempt >= CONSTANTS.maxConflicts) return blame(thrownBy(error));
    }
  }
}

/** The server may have ended the session, or rolled the transaction back, for reasons of its own. */
const isLostSession = (error: unknown): boolean =>
  isUnavailable(error) || (error instanceof SagaError && error.code === 'COMMIT_ROLLED_BACK');

/** @returns why a transaction failed: of its own library's making, or of one of its items */
export async function failureOf(error: unknown, isReachable: () => Promise<boolean>): Promise<BatchFailure> {
  if (await isOutage(error, isReachable)) return 'database';
  return isConflict(causeOf(error)) ? 'conflict' : 'item';
}

/** What takes time to fail is not tried in ever smaller parts while the others wait. */
const isSlow = (error: unknown): boolean => error instanceof HandlerTimeout || isUnavailable(causeOf(error));

/** A handler that took too long ended its session itself. */
const isOwnFault = (error: unknown): boolean =>
  error instanceof TransactionBroken && error.thrown instanceof HandlerTimeout;

const thrownBy = (error: unknown): unknown => (error instanceof TransactionBroken ? error.thrown : error);
