/** The saga store in memory, for simulations; it passes the same tests as the one on PostgreSQL. */
import { frozen } from '../contract/as-saved.js';
import { hasEnded, isInstanceOf, type SagaInstance } from '../engine/instance.js';
import { parseCommandId } from '../contract/routing.js';
import type {
  DefinitionKey,
  KeptReply,
  LockedBatch,
  SagaChange,
  SagaSession,
  SagaStore,
  StoredSaga,
} from '../orchestrator/saga-store.js';
import { SagaError } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { DatabaseClock, type ClockSample } from '../store/database-clock.js';
import { toJson } from '../store/json.js';
import type { CommitFaults, MemoryDatabase, MemoryTransaction } from './memory-transaction.js';

const TABLE = 'saga';
const KEPT = 'kept reply';
const CLOCK = 'saga clock';

/** What can be asked of a saga without reading it whole. */
export interface SagaColumns {
  readonly id: string;
  readonly sagaName: string;
  readonly definitionVersion: number;
  readonly fingerprint: string | null;
  readonly status: SagaInstance['status'];
  readonly version: number;
  /** Milliseconds since the epoch, by the sagas' clock; null when nothing is due. */
  readonly until: number | null;
}

/** Rows hold text, as a database's do: what was given, and what is given out, is nobody else's to change. */
interface Row extends SagaColumns {
  readonly instance: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  readonly history: readonly (Pick<HistoryRow, 'version' | 'at' | 'elapsedAt'> & { readonly entries: string })[];
}

type HistoryRow = StoredSaga['history'][number] & {
  /** When it was saved, by the clock that is never set. */
  readonly elapsedAt: number;
};

/** A saga as this store has it. */
export type RememberedSaga = StoredSaga & { readonly history: readonly HistoryRow[] };

/**
 * @param wall - milliseconds since the epoch, by the database's clock
 * @param faults - what goes wrong around this process's commits
 * @param elapsed - milliseconds by the process's clock that is never set
 */
export function memorySagaStore(
  database: MemoryDatabase,
  wall: () => number,
  faults?: CommitFaults,
  elapsed = wall,
): SagaStore<MemoryTransaction> {
  const clock = new DatabaseClock(elapsed);
  const timeIn = (tx: MemoryTransaction): ClockSample => ({ wall: wall(), shift: clockShiftIn(tx) });
  const hear = (tx: MemoryTransaction): number => {
    const asked = clock.asking();
    return clock.hear(timeIn(tx), asked);
  };
  /** A jump that nobody has made good yet is left out. */
  const sagasNow = (tx: MemoryTransaction): number => {
    const heard = timeIn(tx);
    const [earliest, latest] = clock.bounds() ?? [-Infinity, Infinity];
    return Math.min(Math.max(heard.wall + heard.shift, earliest), latest);
  };
  const within = (tx: MemoryTransaction): SagaSession<MemoryTransaction> => ({
    tx,
    now: async () => hear(tx),
    lock: async (ids) =>
      locked(
        tx,
        [...new Set(ids)].sort().flatMap((id) => instanceIn(tx, id) ?? []),
      ),
    // One transaction at a time: nobody holds anything.
    lockFree: async (ids) => ({ ...(await within(tx).lock(ids)), held: [] }),
    lockDue: async (limit, definitions, except = []) => {
      const now = sagasNow(tx);
      const due = sagaRows(tx).filter(
        (row) => isOneOf(row, definitions) && !except.includes(row.id) && row.until !== null && row.until <= now,
      );
      const first = due.sort((a, b) => a.until! - b.until!).slice(0, limit);
      hear(tx);
      return locked(
        tx,
        clock.jump ? [] : first.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ id }) => instanceIn(tx, id)!),
      );
    },
    keepReplies: async (replies) => {
      for (const reply of replies) if (!tx.get(KEPT, keyOf(reply))) tx.set(KEPT, keyOf(reply), reply);
    },
    lockKept: async (limit, definitions, only, except = []) => {
      const kept = tx.keys(KEPT).map((key) => tx.get<KeptReply>(KEPT, key)!);
      const ids = new Set(kept.map(({ commandId }) => parseCommandId(commandId)!.sagaId));
      const instances = [...ids]
        .flatMap((id) => instanceIn(tx, id) ?? [])
        .filter(
          (instance) =>
            isOneOf(instance, definitions) && (only?.includes(instance.id) ?? true) && !except.includes(instance.id),
        )
        .slice(0, limit)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const taken = kept.filter(({ commandId }) => instances.some(({ id }) => commandId.startsWith(id)));
      for (const reply of taken) tx.delete(KEPT, keyOf(reply));
      return { ...locked(tx, instances), replies: taken };
    },
    insert: async (changes) => {
      const ids = changes.map(({ instance }) => instance.id);
      if (new Set(ids).size < ids.length || ids.some((id) => tx.get(TABLE, id) !== undefined))
        throw new SagaError('DUPLICATE_SAGA', 'A saga of this id exists already');
      writeAll(tx, changes);
    },
    save: async (changes) => saveAll(tx, changes),
    saveLast: async (changes, decidedAt) => saveAll(tx, changes, decidedAt),
    isolated: (work) => tx.isolated(work),
    abandon: () => tx.abandon(),
    resetSession: () => Promise.resolve(),
  });
  const writeAll = (tx: MemoryTransaction, changes: readonly SagaChange[]): void => {
    const now = sagasNow(tx);
    for (const change of changes) write(tx, change, { now, wall: wall(), elapsed: elapsed() });
    hear(tx);
  };
  const isFresh = (tx: MemoryTransaction, decidedAt: number): boolean => {
    const heard = timeIn(tx);
    return Math.abs(heard.wall + heard.shift - decidedAt) < CONSTANTS.maxDecisionAgeMs;
  };
  const saveAll = (tx: MemoryTransaction, changes: readonly SagaChange[], decidedAt?: number): void => {
    const fresh = decidedAt === undefined || isFresh(tx, decidedAt);
    if (changes.length > 0 && !(fresh && changes.every((change) => isCurrent(tx, change))))
      throw new SagaError('STALE_INSTANCE', 'Another process has saved one of these sagas; nothing was written');
    writeAll(tx, changes);
  };
  const locked = (tx: MemoryTransaction, instances: SagaInstance[]): LockedBatch => ({ now: hear(tx), instances });
  return {
    transaction: (work) => database.transaction((tx) => work(within(tx)), faults),
    isReachable: async () => faults?.isReachable() ?? true,
    within,
    saveUnlocked: (changes, decidedAt) =>
      database.transaction(async (tx) => {
        const current = isFresh(tx, decidedAt) ? changes.filter((change) => isCurrent(tx, change)) : [];
        writeAll(tx, current);
        return new Set(current.map(({ instance }) => instance.id));
      }, faults),
    clock: () => clock.now(),
    absorbClockJump: () =>
      database.transaction(async (tx) => {
        if (clock.jump) hear(tx);
        const { jump } = clock;
        if (!jump) return null;
        tx.set(CLOCK, 'shift', jump.shift - jump.ms);
        hear(tx);
        return jump.ms;
      }),
    postponeEarlyTimers: async () => false,
    find: (id) => database.transaction(async (tx) => storedSagaIn(tx, id)),
    statuses: (ids) =>
      database.transaction(
        async (tx) => new Map(ids.flatMap((id) => tx.get<Row>(TABLE, id) ?? []).map(({ id, status }) => [id, status])),
      ),
  };
}

/** @returns what is to be added to the database's clock, in milliseconds */
export const clockShiftIn = (tx: MemoryTransaction): number => tx.get<number>(CLOCK, 'shift') ?? 0;

/** @returns an instance, or undefined */
export function instanceIn(tx: MemoryTransaction, id: string): SagaInstance | undefined {
  const row = tx.get<Row>(TABLE, id);
  return row && instanceOf(row);
}

/** A row is read many times and never changes, and what is frozen can be given to several readers. */
const instances = new WeakMap<Row, SagaInstance>();

function instanceOf(row: Row): SagaInstance {
  let instance = instances.get(row);
  if (instance === undefined) instances.set(row, (instance = frozen(JSON.parse(row.instance) as SagaInstance)));
  return instance;
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
export function storedSagaIn(tx: MemoryTransaction, id: string): RememberedSaga | null {
  const row = tx.get<Row>(TABLE, id);
  if (!row) return null;
  return {
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    endedAt: row.endedAt,
    instance: instanceOf(row),
    history: row.history.map((input) => ({ ...input, entries: JSON.parse(input.entries) as [] })),
  };
}

/** @param now - by the sagas' clock: only how far times are from the decision counts */
function write(
  tx: MemoryTransaction,
  { instance: given, history, decidedAt, keepsData, keepsDeadline }: SagaChange,
  { now, wall, elapsed }: { now: number; wall: number; elapsed: number },
): void {
  const before = tx.get<Row>(TABLE, given.id);
  const saved = before && instanceIn(tx, given.id)!;
  const after = <Time extends number | null | undefined>(time: Time) =>
    typeof time === 'number' ? now + time - decidedAt : time;
  const instance: SagaInstance = {
    ...given,
    awaited: given.awaited && {
      ...given.awaited,
      until: keepsDeadline ? (saved?.awaited?.until ?? null) : after(given.awaited.until),
    },
    startedAt: saved ? saved.startedAt : after(given.startedAt),
    data: keepsData ? saved!.data : given.data,
  };
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
    createdAt: before?.createdAt ?? wall,
    updatedAt: wall,
    endedAt: hasEnded(status) ? (before?.endedAt ?? wall) : null,
    history: [...(before?.history ?? []), { version, at: wall, elapsedAt: elapsed, entries: toJson(history) }],
  } satisfies Row);
}
