/** The saga store in memory, for simulations; it passes the same tests as the one on PostgreSQL. */
import { hasEnded, type SagaInstance } from '../engine/instance.js';
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
import type { CommitFaults, MemoryDatabase, MemoryTransaction } from './memory-transaction.js';

const TABLE = 'saga';
const KEPT = 'kept reply';

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
    now: () => Promise.resolve(clock()),
    lock: (ids) => Promise.resolve(locked([...ids].sort().flatMap((id) => instanceOf(tx, id) ?? []))),
    lockDue: async (limit, definitions) => {
      const due = tx.keys(TABLE).flatMap((id) => {
        const instance = instanceOf(tx, id)!;
        const { awaited } = instance;
        return isOneOf(instance, definitions) && awaited?.until != null && awaited.until <= clock() ? [instance] : [];
      });
      return locked(
        due
          .sort((a, b) => a.awaited!.until! - b.awaited!.until!)
          .slice(0, limit)
          .sort(byId),
      );
    },
    keepReplies: async (replies) => {
      for (const reply of replies) if (!tx.get(KEPT, reply.commandId)) tx.set(KEPT, reply.commandId, reply);
    },
    lockKept: async (limit, definitions) => {
      const kept = tx.keys(KEPT).map((key) => tx.get<KeptReply>(KEPT, key)!);
      const ids = new Set(kept.map(({ commandId }) => parseCommandId(commandId)!.sagaId));
      const instances = [...ids]
        .flatMap((id) => instanceOf(tx, id) ?? [])
        .filter((instance) => isOneOf(instance, definitions))
        .slice(0, limit)
        .sort(byId);
      const taken = kept.filter(({ commandId }) => instances.some(({ id }) => commandId.startsWith(id)));
      for (const { commandId } of taken) tx.delete(KEPT, commandId);
      return { ...locked(instances), replies: taken };
    },
    insert: async (changes) => {
      if (changes.some(({ instance }) => tx.get(TABLE, instance.id) !== undefined))
        throw new SagaError('DUPLICATE_SAGA', 'A saga of this id exists already');
      for (const change of changes) write(tx, change, clock());
    },
    save: async (changes) => saveAll(tx, changes),
    saveLast: async (changes) => saveAll(tx, changes),
    isolated: (work) => tx.isolated(work),
  });
  const saveAll = (tx: MemoryTransaction, changes: readonly SagaChange[]): void => {
    if (!changes.every((change) => isCurrent(tx, change)))
      throw new SagaError('STALE_INSTANCE', 'Another process has saved one of these sagas; nothing was written');
    for (const change of changes) write(tx, change, clock());
  };
  const locked = (instances: SagaInstance[]): LockedSet => ({ now: clock(), instances });
  return {
    transaction: (work) => database.transaction((tx) => work(within(tx)), faults),
    within,
    saveUnlocked: (changes) =>
      database.transaction(async (tx) => {
        const current = changes.filter((change) => isCurrent(tx, change));
        for (const change of current) write(tx, change, clock());
        return new Set(current.map(({ instance }) => instance.id));
      }, faults),
    clock,
    find: (id) => database.transaction(async (tx) => tx.get<StoredSaga>(TABLE, id) ?? null),
    statuses: (ids) =>
      database.transaction(
        async (tx) =>
          new Map(
            ids.flatMap((id) => [instanceOf(tx, id)].flatMap((found) => (found ? [[id, found.status] as const] : []))),
          ),
      ),
  };
}

/** @returns every saga of a database, by id. */
export function allSagas(database: MemoryDatabase): Promise<StoredSaga[]> {
  return database.transaction(async (tx) => tx.keys(TABLE).map((id) => tx.get<StoredSaga>(TABLE, id)!));
}

const instanceOf = (tx: MemoryTransaction, id: string): SagaInstance | undefined =>
  tx.get<StoredSaga>(TABLE, id)?.instance;

const isCurrent = (tx: MemoryTransaction, { instance }: SagaChange): boolean =>
  instanceOf(tx, instance.id)?.version === instance.version - 1;

const isOneOf = ({ sagaName, definitionVersion }: SagaInstance, definitions: readonly DefinitionKey[]): boolean =>
  definitions.some(({ name, version }) => name === sagaName && version === definitionVersion);

const byId = (a: SagaInstance, b: SagaInstance): number => (a.id < b.id ? -1 : 1);

function write(tx: MemoryTransaction, { instance, history }: SagaChange, now: number): void {
  const before = tx.get<StoredSaga>(TABLE, instance.id);
  tx.set(TABLE, instance.id, {
    instance,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    endedAt: hasEnded(instance.status) ? (before?.endedAt ?? now) : null,
    history: [...(before?.history ?? []), { version: instance.version, at: now, entries: history }],
  } satisfies StoredSaga);
}
