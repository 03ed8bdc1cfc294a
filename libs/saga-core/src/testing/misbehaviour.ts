/**
 * What handlers and local steps do that nobody foresaw. Each of them is to harm the one whose step it is, and nobody
 * else.
 */
import type { FaultDice, FaultKind } from './faults.js';
import { SimulatedFailure, type MemoryTransaction } from './memory-transaction.js';

/** By the kind of fault. What they throw has the code that PostgreSQL or Node would give it. */
const MISBEHAVIOURS = {
  /** A statement fails, and the handler says nothing of it. */
  swallow: (tx) => {
    try {
      tx.fail(new SimulatedFailure('duplicate key value', '23505'));
    } catch {
      // As a handler would that takes it for somebody else's row.
    }
  },
  /** It throws what looks as if the database were away. */
  looksLikeOutage: () => {
    throw new SimulatedFailure('connect ECONNREFUSED', 'ECONNREFUSED');
  },
  /** It idles until the server ends its session. */
  idle: (tx) => tx.abandon(),
  /** It breaks a rule that is looked at when the transaction commits. */
  failAtCommit: (tx) => tx.failAtCommit(new SimulatedFailure('insert violates a deferred foreign key', '23503')),
} as const satisfies Partial<Record<FaultKind, (tx: MemoryTransaction) => void>>;

export type Misbehaviour = keyof typeof MISBEHAVIOURS;
export const MISBEHAVIOUR_KINDS = Object.keys(MISBEHAVIOURS) as Misbehaviour[];

/** Has a handler misbehave, in its transaction. */
export function misbehave(kind: Misbehaviour, tx: MemoryTransaction): void {
  MISBEHAVIOURS[kind](tx);
}

/** Perhaps has a handler misbehave. @param who - the process. @param what - the task or the local step */
export function mayMisbehave(dice: FaultDice, tx: MemoryTransaction, who: string, what: string): void {
  const occasion = dice.occasion(`${who} is in the middle of ${what}`);
  for (const kind of MISBEHAVIOUR_KINDS)
    if (occasion.happens(kind, () => `${who}: ${what} misbehaves (${kind})`)) return misbehave(kind, tx);
}
