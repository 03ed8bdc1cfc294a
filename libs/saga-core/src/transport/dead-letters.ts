/** The port to what lies in dead-letter queues. */
import type { StoredDeadLetter } from '../contract/stored-dead-letter.js';

/** How many letters there are. */
export interface LetterCount {
  readonly queue: string;
  readonly count: number;
  /** How many consume the queue itself; null when it does not exist. */
  readonly consumers: number | null;
}

/** What became of letters. */
export interface SettledDeadLetters {
  /** Those that were sent again, or thrown away. */
  readonly done: readonly StoredDeadLetter[];
  /** How many of those that were meant stay where they are. */
  readonly kept: number;
}

/**
 * `queue` is always the queue whose letters they are; they lie in `<queue>.dead`. All throw {@link SagaError}
 * TRANSPORT_UNAVAILABLE.
 */
export interface DeadLetters {
  /** @returns how many letters each queue has. */
  count(queues: readonly string[]): Promise<LetterCount[]>;
  /** @returns the first letters, which stay where they are, and how many there are in all. @param limit - the most */
  peek(queue: string, limit: number): Promise<{ letters: StoredDeadLetter[]; count: number }>;
  /**
   * Sends letters to their queue again. Each leaves only when the queue has it: should the process die in between, it
   * is there twice.
   *
   * @param id - one of them; null for all that lie there now
   */
  replay(queue: string, id: string | null): Promise<SettledDeadLetters>;
  /** Throws letters away. @param id - one of them; null for all that lie there now */
  discard(queue: string, id: string | null): Promise<SettledDeadLetters>;
}
