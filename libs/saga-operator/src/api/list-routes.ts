/** Routes that list sagas. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { failureGroups, type ListFilter, listSagas, memoizeFor, sagaCounts } from 'saga-core/admin';
import { DAY_MS, isUuid } from 'saga-core';
import { HttpProblem, PROBLEMS } from 'http-kit';
import { definitionView } from './definition-view.js';
import { SagaExporter } from './saga-exporter.js';
import type { OperatorConsoleOptions } from './options.js';
import { encodeCursor, decodeCursor } from './saga-cursor.js';
import { summaryOf } from './saga-summary.js';
import {
  exportSagasSchema,
  groupFailuresSchema,
  listDefinitionsSchema,
  listSagasSchema,
  summarizeSagasSchema,
} from './list-route-schemas.js';
import type { SagaFilter, Summary } from './schemas/index.js';

const INTERVALS = 24;
/** Every page that is open asks for it. */
const SUMMARY_EVERY_MS = 2_000;
const iso = (ms: number) => new Date(ms).toISOString();

/** Adds `GET /sagas`, `/sagas/export`, `/sagas/summary`, `/sagas/failures` and `/sagas/definitions`. */
export const listRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, options) => {
  const { database, orchestrator, findSagas } = options;
  const exports = new SagaExporter(database);

  const filterOf = async ({ q, ...filter }: SagaFilter): Promise<ListFilter> => {
    if (q === undefined) return filter;
    const byData = /^data\.([\w.]+):(.*)$/s.exec(q);
    if (byData) return { ...filter, data: { path: byData[1]!.split('.'), value: byData[2]! } };
    if (!isUuid(q))
      throw new HttpProblem(PROBLEMS.invalidRequest, 'q: Expected a saga id, an order id, or data.<path>:<value>');
    const found = await findSagas?.(q.toLowerCase());
    return { ...filter, ids: [q.toLowerCase(), ...(found ?? [])] };
  };

  app.get('/sagas', { schema: listSagasSchema }, async ({ query }) => {
    const { sort = 'newest', limit = 50, cursor, ...filter } = query;
    const after = cursor === undefined ? null : decodeCursor(sort, cursor);
    if (cursor !== undefined && !after)
      throw new HttpProblem(
        PROBLEMS.invalidRequest,
        'cursor: Expected the nextCursor of an earlier page of the same list',
      );
    const found = await listSagas(database, await filterOf(filter), { sort, after, limit: limit + 1 });
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    return {
      items: shown.map(summaryOf),
      nextCursor: found.length > limit && last ? encodeCursor(sort, { key: last.key, id: last.instance.id }) : null,
    };
  });

  app.get(
    '/sagas/export',
    {
      // It would read all of it to say how much there is.
      exposeHeadRoute: false,
      schema: exportSagasSchema,
    },
    async ({ query }, reply) => {
      const { format = 'ndjson', ...filter } = query;
      const wanted = await filterOf(filter);
      const lines = exports.begin(wanted, format);
      void reply.type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
      void reply.header('content-disposition', `attachment; filename="sagas.${format}"`);
      return reply.send(lines as never);
    },
  );

  app.get(
    '/sagas/summary',
    { schema: summarizeSagasSchema },
    memoizeFor(SUMMARY_EVERY_MS, async (): Promise<Summary> => {
      const first = { after: null, limit: 10 };
      const [counts, stalest, mostAttempts] = await Promise.all([
        sagaCounts(database),
        listSagas(database, {}, { sort: 'stalest', ...first }),
        listSagas(database, { minAttempts: 2 }, { sort: 'attempts', ...first }),
      ]);
      const { oldestUnattendedDeadline: oldest } = counts;
      return {
        ...counts,
        counts: [...counts.counts],
        stuck: counts.counts.reduce((sum, { status, count }) => sum + (status === 'stuck' ? count : 0), 0),
        stalest: stalest.map(summaryOf),
        mostAttempts: mostAttempts.map(summaryOf),
        oldestUnattendedDeadline: oldest === null ? null : iso(oldest),
      };
    }),
  );

  app.get('/sagas/failures', { schema: groupFailuresSchema }, async ({ query: { since, saga = null } }) => {
    const until = Date.now();
    const from = since === undefined ? until - DAY_MS : Date.parse(since);
    if (!(from < until)) throw new HttpProblem(PROBLEMS.invalidRequest, 'since: Expected a time in the past');
    const groups = await failureGroups(database, { since: from, until, saga, intervals: INTERVALS });
    const each = (until - from) / INTERVALS;
    return {
      groups: groups.map((group) => ({
        ...group,
        firstSeen: iso(group.firstSeen),
        lastSeen: iso(group.lastSeen),
        trend: group.trend.map((count, index) => ({ at: iso(from + index * each), count })),
      })),
    };
  });

  app.get('/sagas/definitions', { schema: listDefinitionsSchema }, async () => ({
    items: orchestrator.definitions.map(definitionView),
  }));
};
