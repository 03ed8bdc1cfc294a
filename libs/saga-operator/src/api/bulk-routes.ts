/** Routes of bulk operations. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  countSagas,
  createBulkOperation,
  findBulkOperation,
  listBulkOperations,
  type ListFilter,
  listSagas,
  setBulkOperationStatus,
  type StoredBulkOperation,
} from 'saga-core/admin';
import { HttpProblem, PROBLEMS } from 'http-kit';
import { OPERATOR_PROBLEMS } from './operator-problems.js';
import { BulkWorker } from './bulk-worker.js';
import {
  bulkStatusSchema,
  getBulkOperationSchema,
  listBulkOperationsSchema,
  startBulkOperationSchema,
} from './bulk-route-schemas.js';
import type { OperatorConsoleOptions } from './options.js';
import { summaryOf } from './saga-summary.js';
import type { BulkFilter, BulkOperation } from './schemas/index.js';

const MAX_SHOWN = 100;
const SAMPLE = 10;
const DEFAULT_PER_SECOND = 20;

/**
 * Adds `POST` and `GET /sagas/bulk-operations`, `GET /sagas/bulk-operations/{id}`, `POST …/{id}/pause` and `/resume`,
 * and works them off.
 */
export const bulkRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, options) => {
  const { database } = options;
  const worker = new BulkWorker(options, app.log);
  app.addHook('onReady', async () => worker.start());
  app.addHook('onClose', () => worker.stop());
  const found = async (id: string): Promise<StoredBulkOperation> => {
    const bulk = await findBulkOperation(database, id);
    if (!bulk) throw new HttpProblem(PROBLEMS.notFound, `There is no bulk operation ${id}.`);
    return bulk;
  };

  app.post('/sagas/bulk-operations', { schema: startBulkOperationSchema }, async ({ body }, reply) => {
    const { operator, reason, action, filter, dryRun = false, perSecond = DEFAULT_PER_SECOND } = body;
    const wanted = wantedOf(filter);
    if (dryRun) {
      const matches = await countSagas(database, wanted);
      const sample = await listSagas(database, wanted, { sort: 'newest', after: null, limit: SAMPLE });
      return reply.code(200).send({ matches, sample: sample.map(summaryOf) });
    }
    const bulk = await createBulkOperation(database, { action, filter, perSecond, operator, reason }, wanted);
    if (!bulk)
      throw new HttpProblem(
        OPERATOR_PROBLEMS.bulkOperationRunning,
        'A bulk operation with the same filter is not over.',
      );
    app.log.info({ operator, reason, operation: bulk.id, matched: bulk.matched }, 'an operator has acted');
    worker.wake();
    return reply.code(202).send(shown(bulk));
  });

  app.get('/sagas/bulk-operations', { schema: listBulkOperationsSchema }, async () => ({
    items: (await listBulkOperations(database, MAX_SHOWN)).map(shown),
  }));

  app.get('/sagas/bulk-operations/:id', { schema: getBulkOperationSchema }, async ({ params: { id } }) =>
    shown(await found(id)),
  );

  for (const type of ['pause', 'resume'] as const) {
    app.post(
      `/sagas/bulk-operations/:id/${type}`,
      { schema: bulkStatusSchema(type) },
      async ({ params: { id }, body: { operator, reason } }) => {
        const bulk = await setBulkOperationStatus(database, id, type === 'pause' ? 'paused' : 'running', {
          operator,
          reason,
        });
        if (!bulk) {
          await found(id);
          throw new HttpProblem(OPERATOR_PROBLEMS.actionNotAllowed, `The bulk operation ${id} is over.`);
        }
        app.log.info({ operator, reason, action: `${type}-bulk`, operation: bulk.id }, 'an operator has acted');
        worker.wake();
        return shown(bulk);
      },
    );
  }
};

function wantedOf({ status, saga, step, code, message, since }: BulkFilter): ListFilter {
  const changedSince = since === undefined ? undefined : Date.parse(since);
  if (Number.isNaN(changedSince)) throw new HttpProblem(PROBLEMS.invalidRequest, 'since: Expected a time');
  return {
    status,
    ...(saga === undefined ? {} : { saga }),
    ...(step === undefined ? {} : { step }),
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(changedSince === undefined ? {} : { changedSince }),
  };
}

function shown(bulk: StoredBulkOperation): BulkOperation {
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    ...bulk,
    action: 'retry',
    filter: bulk.filter as BulkFilter,
    failures: [...bulk.failures],
    createdAt: iso(bulk.createdAt),
    endedAt: bulk.endedAt === null ? null : iso(bulk.endedAt),
  };
}
