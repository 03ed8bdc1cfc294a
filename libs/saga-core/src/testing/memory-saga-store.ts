/** The saga store in memory, for simulations; it passes the same tests as the one on PostgreSQL. */
import { frozen } from '../contract/as-saved.js';
import { hasEnded, isInstanceOf, type SagaInstance } from '../engine/instance.js';
import { parseCommandId } from '../contract/routing.js';
import type {
  DefinitionKey,
  KeptReply,
  LockedSet,
  SagaChange,
  SagaSession,
  SagaStore,
  StoredSaga,
} from '../engine/saga-store.js';
import { SagaError } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import { toJson } from '../store/json.js';
import type { CommitFaults, MemoryDatabase, MemoryTransaction } from './memory-transaction.js';

const TABLE = 'saga';
const KEPT = 'kept reply';

/** What can be asked of a saga without reading it whole. */
export interface SagaColumns {
  readonly id: string;
  readonly sagaName: string;
  readonly definitionVersion: number;
  readonly fingerprint: string | null;
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
      const due = sagaRows(tx).filter((row) => isOneOf(row, definitions) && row.until !== null && row.until <= clock());
      const first = due.sort((a, b) => a.until! - b.until!).slice(0, limit);
      return locked(first.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ id }) => instanceIn(tx, id)!));
    },
    keepReplies: async (replies) => {
      for (const reply of replies) if (!tx.get(KEPT, keyOf(reply))) tx.set(KEPT, keyOf(reply), reply);
    },
    lockKept: async (limit, definitions) => {
      const kept = tx.keys(KEPT).map((key) => tx.get<KeptReply>(KEPT, key)!);
      const ids = new Set(kept.map(({ commandId }) => parseCommandId(commandId)!.sagaId));
      const instances = [...ids]
        .flatMap((id) => instanceIn(tx, id) ?? [])
        .filter((instance) => isOneOf(instance, definitions))
        .slice(0, limit)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const taken = kept.filter(({ commandId }) => instances.some(({ id }) => commandId.startsWith(id)));
      for (const reply of taken) tx.delete(KEPT, keyOf(reply));
      return { ...locked(instances), replies: taken };
    },
    insert: async (changes) => {
      const ids = changes.map(({ instance }) => instance.id);
      if (new Set(ids).size < ids.length || ids.some((id) => tx.get(TABLE, id) !== undefined))
        throw new SagaError('DUPLICATE_SAGA', 'A saga of this id exists already');
      for (const change of changes) write(tx, change, clock());
    },
    save: async (changes) => saveAll(tx, changes),
    saveLast: async (changes, decidedAt) => saveAll(tx, changes, decidedAt),
    isolated: (work) => tx.isolated(work),
  });
  const isFresh = (decidedAt: number): boolean => clock() - decidedAt < DEFAULTS.maxDecisionAgeMs;
  const saveAll = (tx: MemoryTransaction, changes: readonly SagaChange[], decidedAt = clock()): void => {
    if (changes.length > 0 && !(isFresh(decidedAt) && changes.every((change) => isCurrent(tx, change))))
      throw new SagaError('STALE_INSTANCE', 'Another process has saved one of these sagas; nothing was written');
    for (const change of changes) write(tx, change, clock());
  };
  const locked = (instances: SagaInstance[]): LockedSet => ({ now: clock(), instances });
  return {
    transaction: (work) => database.transaction((tx) => work(within(tx)), faults),
    within,
    saveUnlocked: (changes, decidedAt) =>
      database.transaction(async (tx) => {
        const current = isFresh(decidedAt) ? changes.filter((change) => isCurrent(tx, change)) : [];
        for (const change of current) write(tx, change, clock());
        return new Set(current.map(({ instance }) => instance.id));
      }, faults),
    clock,
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
  return row && frozen(JSON.parse(row.instance) as SagaInstance);
}

/** @returns what can be asked of each saga without reading it whole, by id */
export function sagaRows(tx: MemoryTransaction): SagaColumns[] {
  return tx.keys(TABLE).map((id) => tx.get<Row>(TABLE, id)!);
}

const keyOf = ({ commandId, task, attempt }: KeptReply): string => `${commandId} ${task ?? ''} ${attempt ?? 0}`;

const isCurrent = (tx: MemoryTransaction, { instance }: SagaChange): boolean =>
  tx.get<Row>(TABLE, instance.id)?.version === instance.version - 1;

const isOneOf = (
  instance: Pick<SagaInstance, 'sagaName' | 'definitionVersion' | 'fingerprint'>,
  definitions: readonly DefinitionKey[],
): boolean => definitions.some((definition) => isInstanceOf(definition, instance));

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

function write(tx: MemoryTransaction, { instance: given, history, keepsData }: SagaChange, now: number): void {
  const before = tx.get<Row>(TABLE, given.id);
  const instance = keepsData ? { ...given, data: instanceIn(tx, given.id)!.data } : given;
  const { id, sagaName, definitionVersion, fingerprint, status, version, awaited } = instance;
  tx.set(TABLE, id, {
    id,
    sagaName,
    definitionVersion,
    fingerprint,
    status,
    version,
    until: awaited?.until ?? null,
    instance: toJson(instance),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    endedAt: hasEnded(status) ? (before?.endedAt ?? now) : null,
    history: [...(before?.history ?? []), { version, at: now, entries: toJson(history) }],
  } satisfies Row);
}
