/** Changes of sagas as they happen: server-sent events. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { OperatorConsoleOptions } from './options.js';
import { watchSagasSchema } from './event-route-schemas.js';
import { SagaChangeFeed } from './saga-change-feed.js';
import { summaryOf } from './saga-summary.js';

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
const HEARTBEAT_MS = 15_000;
/** A reader that is so far behind is told of no more until it has read, and then that something was left out. */
const MAX_UNREAD_BYTES = 4 * 1_048_576;

/** Adds `GET /sagas/events`. */
export const eventRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, { database }) => {
  const feed = new SagaChangeFeed(database, app.log);
  app.addHook('onClose', async () => feed.stop());

  app.get(
    '/sagas/events',
    {
      config: { endless: true },
      schema: watchSagasSchema,
    },
    (request, reply) => {
      // Fastify adds it to GET, and would wait for the end.
      if (request.method === 'HEAD') return void reply.headers(HEADERS).send(undefined as never);
      const { saga, id: given } = request.query;
      const id = given?.toLowerCase();
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, HEADERS);
      raw.write(': watching\n\n');
      let missed = false;
      const unsubscribe = feed.subscribe((sagas) => {
        missed ||= sagas === null;
        if (raw.writableLength > MAX_UNREAD_BYTES) return void (missed = true);
        if (missed) raw.write('event: missed\ndata: {}\n\n');
        missed = false;
        for (const listed of sagas ?? []) {
          if (
            (saga !== undefined && listed.instance.sagaName !== saga) ||
            (id !== undefined && listed.instance.id !== id)
          )
            continue;
          const { id: sagaId, version } = listed.instance;
          raw.write(`event: saga\nid: ${sagaId}:${version}\ndata: ${JSON.stringify(summaryOf(listed))}\n\n`);
        }
      });
      const heartbeat = setInterval(() => {
        if (raw.writableLength > MAX_UNREAD_BYTES) return;
        raw.write(missed ? 'event: missed\ndata: {}\n\n' : ': still here\n\n');
        missed = false;
      }, HEARTBEAT_MS);
      raw.once('close', () => {
        clearInterval(heartbeat);
        unsubscribe();
      });
    },
  );
};
