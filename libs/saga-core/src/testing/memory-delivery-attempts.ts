/** The count of begun deliveries in memory, for simulations; it passes the same tests as the one on PostgreSQL. */
import { commandIdOf } from '../contract/routing.js';
import type { DeliveryAttempts, DeliveryKey } from '../transport/delivery-attempts.js';
import type { CommitFaults, MemoryDatabase } from './memory-transaction.js';

const TABLE = 'delivery attempt';

/**
 * @param faults - what goes wrong around this process's commits; each call is a transaction, for it must outlive the
 *   process that dies next
 */
export function memoryDeliveryAttempts(database: MemoryDatabase, faults?: CommitFaults): DeliveryAttempts {
  return {
    unfinished: (keys) =>
      database.transaction(async (tx) => keys.map((key) => tx.get<number>(TABLE, nameOf(key)) ?? 0), faults),
    begin: (keys) =>
      database.transaction(async (tx) => {
        for (const name of keys.map(nameOf)) tx.set(TABLE, name, (tx.get<number>(TABLE, name) ?? 0) + 1);
      }, faults),
    finish: (keys) =>
      database.transaction(async (tx) => {
        for (const name of keys.map(nameOf)) tx.delete(TABLE, name);
      }, faults),
  };
}

const nameOf = ({ sagaId, sequence, routingKey }: DeliveryKey): string =>
  `${commandIdOf(sagaId, sequence)} ${routingKey}`;
