/** The inbox in memory, for simulations; it passes the same tests as the one on PostgreSQL. */
import { commandIdOf } from '../contract/routing.js';
import type { Outcome } from '../contract/outcome.js';
import { DuplicateCommand, type InboxSession, type InboxState, type InboxStore } from '../engine/inbox-store.js';
import type { CommitFaults, MemoryDatabase, MemoryTransaction } from './memory-transaction.js';

const TABLE = 'inbox';

/** @param faults - what goes wrong around this process's commits */
export function memoryInboxStore(database: MemoryDatabase, faults?: CommitFaults): InboxStore<MemoryTransaction> {
  const within = (tx: MemoryTransaction): InboxSession<MemoryTransaction> => ({
    tx,
    claim: async (claims) =>
      claims.map(({ identity, as }): InboxState => {
        const key = commandIdOf(identity.sagaId, identity.sequence);
        const known = tx.get<InboxState>(TABLE, key);
        if (known) return known;
        tx.set(TABLE, key, as === 'barred' ? { type: 'barred' } : { type: 'claimed' });
        return { type: 'claimed' };
      }),
    answer: async (answers) => {
      for (const { identity, outcome } of answers) {
        tx.set(TABLE, commandIdOf(identity.sagaId, identity.sequence), stateOf(outcome));
      }
    },
    recordLast: async (answers) => {
      for (const { identity, outcome } of answers) {
        const key = commandIdOf(identity.sagaId, identity.sequence);
        if (tx.get<InboxState>(TABLE, key)) throw new DuplicateCommand();
        tx.set(TABLE, key, stateOf(outcome));
      }
    },
    release: async (identities) => {
      for (const { sagaId, sequence } of identities) tx.delete(TABLE, commandIdOf(sagaId, sequence));
    },
    isolated: (work) => tx.isolated(work),
  });
  return { transaction: (work) => database.transaction((tx) => work(within(tx)), faults) };
}

const stateOf = (outcome: Outcome | null): InboxState =>
  outcome === null ? { type: 'withheld' } : { type: 'answered', outcome };
