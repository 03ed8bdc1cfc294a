/** The inbox in memory, for simulations; it passes the same tests as the one on PostgreSQL. */
import { commandIdOf } from '../contract/routing.js';
import type { Outcome } from '../contract/outcome.js';
import { DuplicateCommand, type InboxSession, type InboxState, type InboxStore } from '../participant/inbox-store.js';
import { toJson } from '../store/json.js';
import type { CommitFaults, MemoryDatabase, MemoryTransaction } from './memory-transaction.js';

const TABLE = 'inbox';

/** @param faults - what goes wrong around this process's commits */
export function memoryInboxStore(database: MemoryDatabase, faults?: CommitFaults): InboxStore<MemoryTransaction> {
  const within = (tx: MemoryTransaction): InboxSession<MemoryTransaction> => ({
    tx,
    claim: async (claims) => {
      const states = claims.map(({ identity, as }): InboxState => {
        const key = commandIdOf(identity.sagaId, identity.sequence);
        const known = tx.get<string>(TABLE, key);
        if (known) return JSON.parse(known) as InboxState;
        tx.set(TABLE, key, as === 'barred' ? '{"type":"barred"}' : '{"type":"claimed"}');
        return { type: 'claimed' };
      });
      return states;
    },
    answer: async (answers) => {
      for (const { identity, outcome } of answers) {
        const key = commandIdOf(identity.sagaId, identity.sequence);
        if (tx.get(TABLE, key) !== undefined) tx.set(TABLE, key, rowOf(outcome));
      }
    },
    recordLast: async (answers) => {
      for (const { identity, outcome } of answers) {
        const key = commandIdOf(identity.sagaId, identity.sequence);
        if (tx.get(TABLE, key) !== undefined) throw new DuplicateCommand();
        tx.set(TABLE, key, rowOf(outcome));
      }
    },
    release: async (identities) => {
      for (const { sagaId, sequence } of identities) tx.delete(TABLE, commandIdOf(sagaId, sequence));
    },
    isolated: (work) => tx.isolated(work),
    abandon: () => tx.abandon(),
    resetSession: () => Promise.resolve(),
  });
  return {
    transaction: (work) => database.transaction((tx) => work(within(tx)), faults),
    isReachable: async () => faults?.isReachable() ?? true,
  };
}

const rowOf = (outcome: Outcome | null): string =>
  toJson((outcome === null ? { type: 'withheld' } : { type: 'answered', outcome }) satisfies InboxState);
