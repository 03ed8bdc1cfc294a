/** Puts an act on record once it is done. */
import type { FastifyBaseLogger } from 'fastify';
import { messageOf } from '../errors.js';
import type { Database } from '../store/database.js';
import { recordAct, type OperatorAct } from '../store/operator-acts.js';

/** It is done, whatever becomes of the record: should the database be away just now, the log tells of it alone. */
export async function recorded<Db>(log: FastifyBaseLogger, database: Database<Db>, act: OperatorAct): Promise<void> {
  log.info(act, 'an operator has acted');
  await recordAct(database, act).catch((error: unknown) =>
    log.error({ ...act, problem: messageOf(error) }, 'what an operator did could not be recorded'),
  );
}
