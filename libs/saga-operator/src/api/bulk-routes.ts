/** Routes of bulk operations. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  countSagas,
  createBulk,
  findBulk,
  listBulks,
  type ListFilter,
  listSagas,
  setBulkStatus,
  type StoredBulk,
} from 'saga-core/admin';
import { BulkWorker } from './bulk-worker.js';
import { bulkExample, summaryExample } from './examples.js';
import { OperatorProblem } from './operator-problem.js';
import type { OperatorConsoleOptions } from './options.js';
import { answers, DENIALS, refuses, TAGS } from './route-docs.js';
import { summaryOf } from './saga-summary.js';
import {
  BulkBody,
  BulkOperationSchema,
  BulkOperationsSchema,
  DryRunSchema,
  idParams,
  OperatorBody,
  type BulkFilter,
  type BulkOperation,
} from './schemas/index.js';

const MOST_SHOWN = 100;
const SAMPLE = 10;
const USUAL_PER_SECOND = 20;
const params = idParams('The operation.');
const seen = answers('The operation.', BulkOperationSchema, bulkExample);
const malformed = refuses('A part of the request breaks its schema.', 'INVALID_REQUEST');
const missing = refuses('There is no operation of this id.', 'NOT_FOUND');
const SETTINGS = {
  pause: ['paused', 'Pause a bulk operation', 'What it has done stays; it goes on when it is resumed.'],
  resume: ['running', 'Resume a bulk operation', 'It goes on with what is left.'],
} as const;

/** Adds `POST` and `GET /sagas/bulk-operations`, `GET /sagas/bulk-operations/{id}`, `POST …/{id}/pause` and `/resume`, and works them off. */
export const bulkRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, options) => {
  const { database } = options;
  const worker = new BulkWorker(options, app.log);
  app.addHook('onReady', async () => worker.start());
  app.addHook('onClose', () => worker.stop());
  const found = async (id: string): Promise<StoredBulk> => {
    const bulk = await findBulk(database, id);
    if (!bulk) throw new OperatorProblem('NOT_FOUND', `There is no bulk operation ${id}.`);
    return bulk;
  };

  app.post(
    '/sagas/bulk-operations',
    {
      schema: {
        operationId: 'startBulkOperation',
        tags: TAGS,
        summary: 'Retry many sagas',
        description:
          'All that are stuck and match now, each once, so many in a second. It outlives the process. A dry run only says what it would match.',
        body: BulkBody,
        response: {
          200: answers('What it would match.', DryRunSchema, { matches: 1, sample: [summaryExample] }),
          202: answers('The operation has begun.', BulkOperationSchema, bulkExample),
          400: malformed,
          ...DENIALS,
          409: refuses('One with the same filter is not over.', 'BULK_OPERATION_RUNNING'),
        },
      },
    },
    async ({ body }, reply) => {
      const { operator, reason, action, filter, dryRun = false, perSecond = USUAL_PER_SECOND } = body;
      const wanted = wantedOf(filter);
      if (dryRun) {
        const matches = await countSagas(database, wanted);
        const sample = await listSagas(database, wanted, { sort: 'newest', after: null, limit: SAMPLE });
        return reply.code(200).send({ matches, sample: sample.map(summaryOf) });
      }
      const bulk = await createBulk(database, { action, filter, perSecond, operator, reason }, wanted);
      if (!bulk)
        throw new OperatorProblem('BULK_OPERATION_RUNNING', 'A bulk operation with the same filter is not over.');
      app.log.info({ operator, reason, operation: bulk.id, matched: bulk.matched }, 'an operator has acted');
      worker.wake();
      return reply.code(202).send(shown(bulk));
    },
  );

  app.get(
    '/sagas/bulk-operations',
    {
      schema: {
        operationId: 'listBulkOperations',
        tags: TAGS,
        summary: 'List bulk operations',
        description: 'The last hundred, newest first.',
        response: { 200: answers('The operations.', BulkOperationsSchema, { items: [bulkExample] }), ...DENIALS },
      },
    },
    async () => ({ items: (await listBulks(database, MOST_SHOWN)).map(shown) }),
  );

  app.get(
    '/sagas/bulk-operations/:id',
    {
      schema: {
        operationId: 'getBulkOperation',
        tags: TAGS,
        summary: 'See a bulk operation',
        description: 'How far it is, and what could not be done.',
        params,
        response: { 200: seen, 400: malformed, ...DENIALS, 404: missing },
      },
    },
    async ({ params: { id } }) => shown(await found(id)),
  );

  for (const type of ['pause', 'resume'] as const) {
    const [status, summary, description] = SETTINGS[type];
    app.post(
      `/sagas/bulk-operations/:id/${type}`,
      {
        schema: {
          operationId: `${type}BulkOperation`,
          tags: TAGS,
          summary,
          description,
          params,
          body: OperatorBody,
          response: {
            200: seen,
            400: malformed,
            ...DENIALS,
            404: missing,
            409: refuses('It is over.', 'ACTION_NOT_ALLOWED'),
          },
        },
      },
      async ({ params: { id }, body: { operator, reason } }) => {
        const bulk = await setBulkStatus(database, id, status, { operator, reason });
        if (!bulk) {
          await found(id);
          throw new OperatorProblem('ACTION_NOT_ALLOWED', `The bulk operation ${id} is over.`);
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
  if (Number.isNaN(changedSince)) throw new OperatorProblem('INVALID_REQUEST', 'since: Expected a time');
  return {
    status,
    ...(saga === undefined ? {} : { saga }),
    ...(step === undefined ? {} : { step }),
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(changedSince === undefined ? {} : { changedSince }),
  };
}

function shown(bulk: StoredBulk): BulkOperation {
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
