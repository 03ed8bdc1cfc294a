/** Two questions an operator asks: is the process alive, and may it be sent work? */
import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { RETRY_AFTER_SECONDS } from 'http-kit';
import { sql, type Kysely } from 'kysely';
import { withTimeout } from 'saga-core';
import { CONSTANTS } from './defaults.js';
import type { HttpApp } from './http-app.js';

const check = (description: string) => Type.Union([Type.Literal('ok'), Type.Literal('failing')], { description });
const Checks = Type.Object(
  {
    database: check('Whether the database answers as it should, and takes writes.'),
    broker: check('Whether messages can be published.'),
    consumers: check('Whether messages are consumed, and can be handled.'),
  },
  { description: 'What readiness depends on.' },
);
const Status = <Value extends string>(status: Value, description: string) => Type.Literal(status, { description });

/** @returns a response for a route's schema. */
const answers = <Schema extends TSchema>(description: string, schema: Schema, example: Static<Schema>) => ({
  description,
  content: { 'application/json': { schema, example } },
});

const getLive = {
  operationId: 'isLive',
  tags: ['health'],
  summary: 'Is the process alive?',
  description: 'Answers while the process runs, whatever else is out of reach.',
  response: {
    200: answers('It runs.', Type.Object({ status: Status('live', 'Always live.') }), { status: 'live' }),
  },
};

const getReady = {
  operationId: 'isReady',
  tags: ['health'],
  summary: 'May it be sent work?',
  description: 'Checks what work needs: the database, the broker, and the consumers of messages.',
  response: {
    200: answers('It may.', Type.Object({ status: Status('ready', 'It may be sent work.'), checks: Checks }), {
      status: 'ready',
      checks: { database: 'ok', broker: 'ok', consumers: 'ok' },
    }),
    503: answers(
      'Something that work needs is missing.',
      Type.Object({
        status: Status('not ready', 'It should be sent no work.'),
        checks: Checks,
        reason: Type.Optional(Type.String({ description: 'Why messages are not consumed, where that is known.' })),
      }),
      {
        status: 'not ready',
        checks: { database: 'ok', broker: 'failing', consumers: 'failing' },
        reason: 'create_order_saga.responses is not consumed',
      },
    ),
  },
};

/** What readiness depends on. */
export interface HealthSources {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any database: no table of it is asked for
  readonly database: Kysely<any>;
  /** Asks the database what requests and messages ask it. It throws when those would fail. */
  readonly probe?: (() => Promise<unknown>) | undefined;
  /** Whether messages can be published. */
  readonly transport: { isReady(): boolean };
  /** Whether messages are consumed, and why not. */
  readonly worker: { isReady(): boolean; notReadyBecause?(): string | null };
}

/**
 * Adds `GET /health/live`, which is 200 while the process runs, and `GET /health/ready`, which is 503 while something
 * that work needs is missing.
 */
export function healthRoutes(app: HttpApp, { database, probe, transport, worker }: HealthSources): void {
  const isOfUse = databaseProbe(database, probe);

  app.get('/health/live', { schema: getLive }, async () => ({ status: 'live' as const }));

  app.get('/health/ready', { schema: getReady }, async (_request, reply) => {
    const state = (ok: boolean) => (ok ? ('ok' as const) : ('failing' as const));
    const checks = {
      database: state(await isOfUse()),
      broker: state(transport.isReady()),
      consumers: state(worker.isReady()),
    };
    if (Object.values(checks).every((check) => check === 'ok')) return { status: 'ready' as const, checks };
    const reason = worker.notReadyBecause?.() ?? null;
    return reply
      .code(503)
      .header('retry-after', RETRY_AFTER_SECONDS)
      .send({ status: 'not ready', checks, ...(reason === null ? {} : { reason }) });
  });
}

/**
 * @returns a question that is asked once at a time: probes of a database that hangs would otherwise take all its
 *   connections.
 */
function databaseProbe(database: HealthSources['database'], probe: HealthSources['probe']): () => Promise<boolean> {
  let current: Promise<boolean> | null = null;
  return async () => {
    current ??= answersAsItShould(database)
      .then(async (ok) => {
        if (ok) await probe?.();
        return ok;
      })
      .catch(() => false)
      .finally(() => (current = null));
    return withTimeout(current, CONSTANTS.databaseProbeMs, () => false);
  };
}

/**
 * As requests do, with a parameter, and with a date that must come back as it went. And a standby, which only reads, is
 * of no use.
 */
async function answersAsItShould(database: HealthSources['database']): Promise<boolean> {
  const now = new Date();
  const { rows } = await sql<{ at: unknown; writable: boolean }>`
    select ${now}::timestamptz as at, current_setting('transaction_read_only') = 'off' as writable`.execute(database);
  const { at, writable } = rows[0]!;
  return writable && at instanceof Date && at.getTime() === now.getTime();
}
