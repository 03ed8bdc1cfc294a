/** The route that tells what operators did. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { listAuditEntries } from 'saga-core/admin';
import type { OperatorConsoleOptions } from './options.js';
import { listAuditEntriesSchema } from './audit-route-schemas.js';

/** Adds `GET /sagas/audit`. */
export const auditRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, { database }) => {
  app.get('/sagas/audit', { schema: listAuditEntriesSchema }, async ({ query: { limit = 50, cursor = null } }) => {
    const found = await listAuditEntries(database, { before: cursor, limit: limit + 1 });
    const items = found.slice(0, limit).map((act) => ({ ...act, at: new Date(act.at).toISOString() }));
    return { items, nextCursor: found.length > limit ? items.at(-1)!.id : null };
  });
};
