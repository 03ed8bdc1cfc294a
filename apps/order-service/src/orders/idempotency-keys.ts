/**
 * Invariant: one Idempotency-Key, one order. The primary key of `idempotency_key` keeps it, also between processes:
 * whoever comes second waits for the end of the first one's transaction and then finds its order, or, if that was
 * rolled back, is the first itself.
 */
import { CompiledQuery, sql, type Kysely, type Transaction } from 'kysely';
import { unnestRows, unnestValues } from 'saga-core';
import type { OrderDatabase } from '../database.js';

/** A request's claim to be the first with its key. */
export interface KeyClaim {
  readonly key: string;
  readonly requestHash: string;
  /** The order that it would begin. */
  readonly orderId: string;
}

/** The order that a key belongs to, and the request that began it. */
export type KeyOwner = Omit<KeyClaim, 'key'>;

/**
 * Another transaction holds one of the keys that were claimed, and was waited for long enough. The transaction that
 * claimed must be rolled back.
 */
export class KeyHeld extends Error {
  constructor(cause: unknown) {
    super('Another transaction holds an Idempotency-Key', { cause });
    this.name = 'KeyHeld';
  }
}

/**
 * How long a claim waits for another transaction: longer than one of ours takes. All who claim together wait as long.
 */
const CLAIM_WAIT_MS = 50;

/**
 * Claims keys, in the order of the keys, so that two processes cannot deadlock over them. Of two equal keys in one
 * batch, one wins.
 *
 * @param waitMs - how long it waits for another transaction that holds a key
 * @returns for each key the order that owns it: of the claim itself when that was the first
 * @throws {KeyHeld} when another transaction goes on holding one of them
 */
export async function claimKeys(
  tx: Transaction<OrderDatabase>,
  claims: readonly KeyClaim[],
  waitMs = CLAIM_WAIT_MS,
): Promise<Map<string, KeyOwner>> {
  if (claims.length === 0) return new Map();
  await insertClaims(tx, claims, waitMs);
  // A statement of its own: the one above cannot see what others committed while it waited for them.
  const found = await findOwners(
    tx,
    claims.map(({ key }) => key),
  );
  // A key that was purged between the two statements is free now.
  const free = claims.filter(({ key }) => !found.has(key));
  return free.length === 0 ? found : new Map([...found, ...(await claimKeys(tx, free, waitMs))]);
}

async function insertClaims(
  tx: Transaction<OrderDatabase>,
  claims: readonly KeyClaim[],
  waitMs: number,
): Promise<void> {
  const insert = sql`
    insert into idempotency_key (key, request_hash, order_id)
    select * from ${unnestRows('claim', claims, {
      key: ['text', ({ key }) => key],
      request_hash: ['text', ({ requestHash }) => requestHash],
      order_id: ['uuid', ({ orderId }) => orderId],
    })}
    order by key
    on conflict do nothing`.compile(tx);
  const statements = [
    CompiledQuery.raw(`set local lock_timeout = ${waitMs}`),
    insert,
    CompiledQuery.raw('set local lock_timeout to default'),
  ];
  // In one round trip. After an error PostgreSQL refuses what follows.
  const [, inserted] = await tx
    .getExecutor()
    .provideConnection((connection) =>
      Promise.allSettled(statements.map((statement) => connection.executeQuery(statement))),
    );
  if (inserted?.status !== 'rejected') return;
  const isHeld = (inserted.reason as { code?: unknown } | null)?.code === LOCK_NOT_AVAILABLE;
  throw isHeld ? new KeyHeld(inserted.reason) : inserted.reason;
}

/** PostgreSQL's SQLSTATE for a lock that was waited for as long as lock_timeout says. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * @returns the orders of those keys that have one, by key. It waits for nobody: what is not committed yet is not there.
 */
export async function findOwners(
  database: Kysely<OrderDatabase>,
  keys: readonly string[],
): Promise<Map<string, KeyOwner>> {
  const owners = await database
    .selectFrom('idempotency_key')
    .select(['key', 'request_hash', 'order_id'])
    .where('key', 'in', unnestValues('text', keys))
    .execute();
  return new Map(
    owners.map(({ key, request_hash, order_id }) => [key, { requestHash: request_hash, orderId: order_id }]),
  );
}
