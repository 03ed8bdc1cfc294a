/** Routes that list sagas. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import { failureGroups, type ListFilter, listSagas, memoizeFor, sagaCounts } from 'saga-core/admin';
import { definitionView } from './definition-view.js';
import { summaryExample } from './examples.js';
import { Exports } from './export.js';
import type { OperatorConsoleOptions } from './options.js';
import { OperatorProblem } from './operator-problem.js';
import { answers, DENIALS, refuses, TAGS } from './route-docs.js';
import { cursorAfter, placeOf } from './saga-cursor.js';
import { summaryOf } from './saga-summary.js';
import {
  DefinitionSchema,
  ExportQuery,
  FailuresQuery,
  FailuresSchema,
  ListQuery,
  SagaPageSchema,
  SummarySchema,
  type SagaFilter,
  type Summary,
} from './schemas/index.js';

const DAY_MS = 86_400_000;
const INTERVALS = 24;
/** Every page that is open asks for it. */
const SUMMARY_EVERY_MS = 2_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const iso = (ms: number) => new Date(ms).toISOString();

/** Adds `GET /sagas`, `/sagas/export`, `/sagas/summary`, `/sagas/failures` and `/sagas/definitions`. */
export const listRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, options) => {
  const { database, orchestrator, findSagas } = options;
  const exports = new Exports(database);

  const filterOf = async ({ q, ...filter }: SagaFilter): Promise<ListFilter> => {
    if (q === undefined) return filter;
    const byData = /^data\.([\w.]+):(.*)$/s.exec(q);
    if (byData) return { ...filter, data: { path: byData[1]!.split('.'), value: byData[2]! } };
    if (!UUID.test(q))
      throw new OperatorProblem('INVALID_REQUEST', 'q: Expected a saga id, an order id, or data.<path>:<value>');
    const found = await findSagas?.(q.toLowerCase());
    return { ...filter, ids: [q.toLowerCase(), ...(found ?? [])] };
  };

  app.get(
    '/sagas',
    {
      schema: {
        operationId: 'listSagas',
        tags: TAGS,
        summary: 'List sagas',
        description: 'Page by page, filtered and sorted.',
        querystring: ListQuery,
        response: {
          200: answers('A page.', SagaPageSchema, { items: [summaryExample], nextCursor: null }),
          400: refuses('A filter or the cursor is wrong.', 'INVALID_REQUEST'),
          ...DENIALS,
        },
      },
    },
    async ({ query }) => {
      const { sort = 'newest', limit = 50, cursor, ...filter } = query;
      const after = cursor === undefined ? null : placeOf(sort, cursor);
      if (cursor !== undefined && !after)
        throw new OperatorProblem(
          'INVALID_REQUEST',
          'cursor: Expected the nextCursor of an earlier page of the same list',
        );
      const found = await listSagas(database, await filterOf(filter), { sort, after, limit: limit + 1 });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: shown.map(summaryOf),
        nextCursor: found.length > limit && last ? cursorAfter(sort, { key: last.key, id: last.instance.id }) : null,
      };
    },
  );

  app.get(
    '/sagas/export',
    {
      // It would read all of it to say how much there is.
      exposeHeadRoute: false,
      schema: {
        operationId: 'exportSagas',
        tags: TAGS,
        summary: 'Export sagas',
        description:
          'All that match, newest first, as a stream of lines. One export at a time, which rests as long as it works.',
        querystring: ExportQuery,
        response: {
          400: refuses('A filter is wrong.', 'INVALID_REQUEST'),
          ...DENIALS,
          429: refuses('Another export is not over.', 'EXPORT_RUNNING'),
        },
      },
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
    {
      schema: {
        operationId: 'summarizeSagas',
        tags: TAGS,
        summary: 'See how sagas are doing',
        description: 'Counts by status and step, rates, and those that need attention first.',
        response: {
          200: answers('The summary.', SummarySchema, {
            counts: [{ saga: 'create_order_saga', status: 'stuck', step: summaryExample.step, count: 1 }],
            startedPerMinute: 12.4,
            endedPerMinute: 12.2,
            stuck: 1,
            stalest: [summaryExample],
            mostAttempts: [summaryExample],
            oldestUnattendedDeadline: null,
          }),
          ...DENIALS,
        },
      },
    },
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

  app.get(
    '/sagas/failures',
    {
      schema: {
        operationId: 'groupFailures',
        tags: TAGS,
        summary: 'See what goes wrong',
        description: 'The last errors of sagas, like with like; also of those that overcame it.',
        querystring: FailuresQuery,
        response: {
          200: answers('The groups.', FailuresSchema, {
            groups: [
              {
                saga: 'create_order_saga',
                ...summaryExample.lastError!,
                message: 'No reply within … ms',
                count: 7,
                stuckCount: 1,
                firstSeen: summaryExample.startedAt,
                lastSeen: summaryExample.updatedAt,
                trend: [{ at: summaryExample.startedAt, count: 7 }],
              },
            ],
          }),
          ...DENIALS,
        },
      },
    },
    async ({ query: { since, saga = null } }) => {
      const until = Date.now();
      const from = since === undefined ? until - DAY_MS : Date.parse(since);
      if (!(from < until)) throw new OperatorProblem('INVALID_REQUEST', 'since: Expected a time in the past');
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
    },
  );

  app.get(
    '/sagas/definitions',
    {
      schema: {
        operationId: 'listDefinitions',
        tags: TAGS,
        summary: 'See how sagas are defined',
        description: 'The definitions that this process runs: steps, undos, and a state diagram.',
        response: {
          200: answers(
            'The definitions.',
            Type.Object({ items: Type.Array(DefinitionSchema, { description: 'Name by name.' }) }),
            {
              items: [
                {
                  name: 'create_order_saga',
                  version: 1,
                  deadlineMs: null,
                  steps: [
                    {
                      name: summaryExample.step,
                      kind: 'retriable',
                      local: false,
                      undo: null,
                      service: 'restaurant_service',
                      queue: 'restaurant_service.commands',
                    },
                  ],
                  mermaid: 'stateDiagram-v2',
                },
              ],
            },
          ),
          ...DENIALS,
        },
      },
    },
    async () => ({ items: orchestrator.definitions.map((definition) => definitionView(definition as never)) }),
  );
};
