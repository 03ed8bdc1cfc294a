/** The saga store in memory, for simulations; it passes the same tests as the one on PostgreSQL. */
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import type { LockedSet, SagaChange, SagaSession, SagaStore, StoredSaga } from '../engine/saga-store.js';
import { SagaError } from '../errors.js';
import { toJsonb } from '../store/json.js';
import type { CommitFaults, MemoryDatabase, MemoryTransaction } from './memory-transaction.js';

const TABLE = 'saga';

/** What can be asked of a saga without reading it whole. */
export interface SagaColumns {
  readonly id: string;
  readonly sagaName: string;
  readonly definitionVersion: number;
  readonly status: SagaInstance['status'];
  readonly version: number;
  /** Milliseconds since the epoch; null when nothing is due. */
  readonly until: number | null;
}

/** Rows hold text, as a database's do: what was given, and what is given out, is nobody else's to change. */
interface Row extends SagaColumns {
  readonly instance: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  readonly history: readonly { readonly version: number; readonly at: number; readonly entries: string }[];
}

/**
 * @param clock - milliseconds since the epoch, by the database's clock
 * @param faults - what goes wrong around this process's commits
 */
export function memorySagaStore(
  database: MemoryDatabase,
  clock: () => number,
  faults?: CommitFaults,
): SagaStore<MemoryTransaction> {
  const within = (tx: MemoryTransaction): SagaSession<MemoryTransaction> => ({
    tx,
    now: async () => clock(),
    lock: async (ids) => locked([...new Set(ids)].sort().flatMap((id) => instanceIn(tx, id) ?? [])),
    lockDue: async (limit, definitions) => {
      const due = sagaRows(tx).filter(({ until, sagaName, definitionVersion }) => {
        const known = definitions.some(({ name, version }) => name === sagaName && version === definitionVersion);
        return known && until !== null && until <= clock();
      });
      const first = due.sort((a, b) => a.until! - b.until!).slice(0, limit);
      return locked(first.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ id }) => instanceIn(tx, id)!));
    },
    insert: async (changes) => {
      const ids = changes.map(({ instance }) => instance.id);
      if (new Set(ids).size < ids.length || ids.some((id) => tx.get(TABLE, id) !== undefined))
        throw new SagaError('DUPLICATE_SAGA', 'A saga of this id exists already');
      for (const change of changes) write(tx, change, clock());
    },
    save: async (changes) => {
      const stale = changes.some(({ instance }) => tx.get<Row>(TABLE, instance.id)?.version !== instance.version - 1);
      if (stale)
        throw new SagaError('STALE_INSTANCE', 'Another process has saved one of these sagas; nothing was written');
      for (const change of changes) write(tx, change, clock());
    },
    isolated: (work) => tx.isolated(work),
  });
  const locked = (instances: SagaInstance[]): LockedSet => ({ now: clock(), instances });
  return {
    transaction: (work) => database.transaction((tx) => work(within(tx)), faults),
    within,
    find: (id) => database.transaction(async (tx) => storedSagaIn(tx, id)),
    statuses: (ids) =>
      database.transaction(
        async (tx) => new Map(ids.flatMap((id) => tx.get<Row>(TABLE, id) ?? []).map(({ id, status }) => [id, status])),
      ),
  };
}

/** @returns an instance, or undefined */
export function instanceIn(tx: MemoryTransaction, id: string): SagaInstance | undefined {
  const row = tx.get<Row>(TABLE, id);
  return row && (JSON.parse(row.instance) as SagaInstance);
}

/** @returns what can be asked of each saga without reading it whole, by id */
export function sagaRows(tx: MemoryTransaction): SagaColumns[] {
  return tx.keys(TABLE).map((id) => tx.get<Row>(TABLE, id)!);
}

/** @returns an instance with its history, or null */
export function storedSagaIn(tx: MemoryTransaction, id: string): StoredSaga | null {
  const row = tx.get<Row>(TABLE, id);
  if (!row) return null;
  return {
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    endedAt: row.endedAt,
    instance: JSON.parse(row.instance) as SagaInstance,
    history: row.history.map((input) => ({ ...input, entries: JSON.parse(input.entries) as [] })),
  };
}

function write(tx: MemoryTransaction, { instance, history }: SagaChange, now: number): void {
  const before = tx.get<Row>(TABLE, instance.id);
  const { id, sagaName, definitionVersion, status, version, awaited } = instance;
  tx.set(TABLE, id, {
    id,
    sagaName,
    definitionVersion,
    status,
    version,
    until: awaited?.until ?? null,
    instance: toJsonb(instance),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    endedAt: hasEnded(status) ? (before?.endedAt ?? now) : null,
    history: [...(before?.history ?? []), { version, at: now, entries: toJsonb(history) }],
  } satisfies Row);
}
