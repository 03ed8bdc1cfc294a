/** Changes of sagas as they happen: server-sent events. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { OperatorConsoleOptions } from './options.js';
import { DENIALS, TAGS } from './route-docs.js';
import { SagaWatch } from './saga-watch.js';
import { summaryOf } from './saga-summary.js';
import { EventsQuery } from './schemas/index.js';

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
const HEARTBEAT_MS = 15_000;
/** A reader that is so far behind is told of no more until it has read, and then that something was left out. */
const MOST_UNREAD_BYTES = 4 * 1_048_576;

/** Adds `GET /sagas/events`. */
export const eventRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, { database }) => {
  const watch = new SagaWatch(database, app.log);
  app.addHook('onClose', async () => watch.stop());

  app.get(
    '/sagas/events',
    {
      config: { endless: true },
      schema: {
        operationId: 'watchSagas',
        tags: TAGS,
        summary: 'Watch sagas',
        description:
          'Server-sent events: `saga`, with the summary of a saga, on each change; `missed`, when more changed than is told, or than you have read: ' +
          'what you show may be out of date, so ask for it again; a comment every 15 seconds. Begins with what changes from now on.',
        querystring: EventsQuery,
        response: DENIALS,
      },
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
      const ended = watch.listen((sagas) => {
        missed ||= sagas === null;
        if (raw.writableLength > MOST_UNREAD_BYTES) return void (missed = true);
        if (missed) raw.write('event: missed\ndata: {}\n\n');
        missed = false;
        for (const listed of sagas ?? []) {
          if (
            (saga !== undefined && listed.instance.sagaName !== saga) ||
            (id !== undefined && listed.instance.id !== id)
          )
            continue;
          raw.write(
            `event: saga\nid: ${listed.instance.id}:${listed.instance.version}\ndata: ${JSON.stringify(summaryOf(listed))}\n\n`,
          );
        }
      });
      const heartbeat = setInterval(() => {
        if (raw.writableLength > MOST_UNREAD_BYTES) return;
        raw.write(missed ? 'event: missed\ndata: {}\n\n' : ': still here\n\n');
        missed = false;
      }, HEARTBEAT_MS);
      raw.once('close', () => {
        clearInterval(heartbeat);
        ended();
      });
    },
  );
};
