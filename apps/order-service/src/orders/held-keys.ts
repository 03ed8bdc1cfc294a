/**
 * Orders whose Idempotency-Key another transaction holds: that of a process that stands still, or of somebody at the
 * database. They wait here, for so long and without a connection of their own, so that nobody else waits with them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createBatcher } from 'saga-core';
import type { Candidate, Outcome } from './candidate.js';
import { KeyHeld } from './idempotency-keys.js';

/** How long an order waits for its key, and the pause between two attempts. */
const WAIT_MS = 5_000;
const PAUSE_MS = 100;
/** How many orders may wait: others are answered at once. */
const MAX_WAITING = 500;

export class HeldKeys {
  /** By key: what becomes of the order that tries again. Others with its key wait for that. */
  private readonly trying = new Map<string, Promise<Outcome>>();
  private readonly attempt: (candidate: Candidate) => Promise<Outcome>;
  private waiting = 0;

  /** @param take - takes one order; answers KeyHeld when its key is held */
  constructor(take: (candidate: Candidate) => Promise<Outcome>) {
    // One after the other, and so on one connection: the others are left to those who need not wait.
    this.attempt = createBatcher(async ([candidate]: readonly Candidate[]) => [await take(candidate!)], {
      maxBatchSize: 1,
    });
  }

  /** @returns whether an order waits for this key here */
  has(key: string): boolean {
    return this.trying.has(key);
  }

  /** Takes an order when its key is free. @returns what became of it; KeyHeld when its key was not free in time */
  async take(candidate: Candidate, key: string): Promise<Outcome> {
    if (this.waiting >= MAX_WAITING) return new KeyHeld('too many orders wait for their keys');
    this.waiting++;
    try {
      const first = this.trying.get(key);
      if (!first) return await this.takeFirst(candidate, key);
      const outcome = await first;
      return outcome instanceof KeyHeld ? outcome : await this.attempt(candidate);
    } finally {
      this.waiting--;
    }
  }

  private takeFirst(candidate: Candidate, key: string): Promise<Outcome> {
    const outcome = this.tryAgain(candidate).finally(() => this.trying.delete(key));
    this.trying.set(key, outcome);
    return outcome;
  }

  private async tryAgain(candidate: Candidate): Promise<Outcome> {
    for (const end = performance.now() + WAIT_MS; ;) {
      const outcome = await this.attempt(candidate);
      if (!(outcome instanceof KeyHeld) || performance.now() > end) return outcome;
      await pause(PAUSE_MS);
    }
  }
}
