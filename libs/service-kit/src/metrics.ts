/**
 * `GET /metrics`: what the process does, for Prometheus. It holds counts and names of the code, and nothing of what
 * orders say.
 */
import { Type } from '@sinclair/typebox';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { HttpApp } from './http-app.js';

/** In seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const getMetrics = {
  operationId: 'getMetrics',
  tags: ['health'],
  summary: 'What does the process do?',
  description: 'Metrics in the text format of Prometheus.',
  response: {
    200: {
      description: 'The metrics as they are now.',
      content: {
        'text/plain': {
          schema: Type.String({ description: 'Lines of the text format 0.0.4.' }),
          example: 'saga_started_total{saga="create_order_saga"} 1\n',
        },
      },
    },
  },
};

/** @returns a registry with what every Node process measures: memory, processor time, event loop, garbage collection */
export function createMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Adds `GET /metrics`. */
export function metricsRoutes(app: HttpApp, registry: Registry): void {
  app.get('/metrics', { schema: getMetrics }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}

/** Measures each request to a route that is added afterwards. */
export function measureRequests(app: HttpApp, registry: Registry): void {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { url: route = 'none', config } = request.routeOptions;
    // An answer without end says nothing when it ends.
    if (!(config as { endless?: boolean }).endless)
      duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
    done();
  });
}
