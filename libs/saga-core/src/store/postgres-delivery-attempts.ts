import { sql, type Kysely } from 'kysely';
import type { DeliveryAttempts, DeliveryKey } from '../transport/delivery-attempts.js';
import { unnestRows } from './unnest-rows.js';

/** @returns the port's implementation; each call commits by itself, for it must outlive the process that dies next */
export function postgresDeliveryAttempts<Db>(database: Kysely<Db>): DeliveryAttempts {
  return {
    async unfinished(keys) {
      const { rows } = await sql<{ attempts: number }>`
        select coalesce(known.attempts, 0) as attempts from ${given(keys)}
        left join saga_delivery_attempt known using (saga_id, sequence, routing_key) order by given.place`.execute(
        database,
      );
      return rows.map(({ attempts }) => attempts);
    },
    async begin(keys) {
      await sql`
        insert into saga_delivery_attempt as known (saga_id, sequence, routing_key, attempts)
        select saga_id, sequence, routing_key, 1 from ${given(keys)} order by saga_id, sequence, routing_key
        on conflict (saga_id, sequence, routing_key) do update set attempts = known.attempts + 1, begun_at = now()`.execute(
        database,
      );
    },
    async finish(keys) {
      await sql`delete from saga_delivery_attempt using ${given(keys)}
        where saga_delivery_attempt.saga_id = given.saga_id and saga_delivery_attempt.sequence = given.sequence
          and saga_delivery_attempt.routing_key = given.routing_key`.execute(database);
    },
  };
}

const given = (keys: readonly DeliveryKey[]) =>
  unnestRows('given', keys, {
    saga_id: ['uuid', ({ sagaId }) => sagaId],
    sequence: ['integer', ({ sequence }) => sequence],
    routing_key: ['text', ({ routingKey }) => routingKey],
    place: ['integer', (_key, index) => index],
  });
