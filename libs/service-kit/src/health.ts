/** Two questions an operator asks: is the process alive, and may it be sent work? */
import { Type } from '@sinclair/typebox';
import { sql, type Kysely } from 'kysely';
import { DEFAULTS } from './defaults.js';
import type { HttpApp } from './http-app.js';

const Check = Type.Union([Type.Literal('ok'), Type.Literal('failing')]);
const Checks = Type.Object({ database: Check, broker: Check, consumers: Check });
const Readiness = <Status extends 'ready' | 'not ready'>(status: Status) =>
  Type.Object({ status: Type.Literal(status), checks: Checks });

/** What readiness depends on. */
export interface HealthSources {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any database: only `select 1` is asked of it
  readonly database: Kysely<any>;
  /** Whether messages can be published. */
  readonly transport: { isReady(): boolean };
  /** Whether messages are consumed. */
  readonly worker: { isReady(): boolean };
}

/** Adds `GET /health/live`, which is 200 while the process runs, and `GET /health/ready`, which is 503 while something that work needs is missing. */
export function healthRoutes(app: HttpApp, { database, transport, worker }: HealthSources): void {
  const isReachable = databaseProbe(database);

  app.get(
    '/health/live',
    { schema: { response: { 200: Type.Object({ status: Type.Literal('live') }) } } },
    async () => ({
      status: 'live' as const,
    }),
  );

  app.get(
    '/health/ready',
    { schema: { response: { 200: Readiness('ready'), 503: Readiness('not ready') } } },
    async (_request, reply) => {
      const state = (ok: boolean) => (ok ? ('ok' as const) : ('failing' as const));
      const checks = {
        database: state(await isReachable()),
        broker: state(transport.isReady()),
        consumers: state(worker.isReady()),
      };
      if (Object.values(checks).every((check) => check === 'ok')) return { status: 'ready' as const, checks };
      return reply.code(503).header('retry-after', DEFAULTS.retryAfterSeconds).send({ status: 'not ready', checks });
    },
  );
}

/** @returns a question that is asked once at a time: probes of a database that hangs would otherwise take all its connections. */
function databaseProbe(database: HealthSources['database']): () => Promise<boolean> {
  let current: Promise<boolean> | null = null;
  return async () => {
    current ??= sql`select 1`
      .execute(database)
      .then(
        () => true,
        () => false,
      )
      .finally(() => (current = null));
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, DEFAULTS.databaseProbeMs, false);
    });
    return Promise.race([current, timeout]).finally(() => clearTimeout(timer));
  };
}
