/**
 * The services behind PgBouncer, as Debian has it: it knows few startup parameters, and no named statements in
 * transaction mode.
 */
import { expectHealed, placeBatch } from './support/batch.js';
import { startPgBouncer } from './support/pgbouncer.js';
import { startStack } from './support/stack.js';

/** Fewer sessions than the services have connections, so that each meets what others have left. */
const SESSIONS = 3;
/** Each connection of a service has one, and services have up to ten. */
const ENOUGH = 20;

test.each([
  ['transaction', SESSIONS, { DATABASE_POOLER: 'true', DATABASE_SCHEMA: 'own' }],
  ['session', ENOUGH, {}],
] as const)(
  'in %s mode every order comes to its end, and all is ready',
  async (mode, poolSize, more) => {
    const pooler = await startPgBouncer(mode, poolSize);
    const stack = await startStack('pooler', undefined, (_name, settings) => ({
      ...settings,
      DATABASE_URL: pooler.through(settings.DATABASE_URL!),
      ...more,
    })).catch(async (error: unknown) => {
      await pooler.stop();
      throw error;
    });
    try {
      await expectHealed(stack, await placeBatch(stack, 20));
    } finally {
      await stack.stopServices();
      await pooler.stop();
      await stack.stop();
    }
  },
  120_000,
);
