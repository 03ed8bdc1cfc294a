/** Purging, as orchestrators and participants do it beside their work. */
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import { noReply } from '../participant/command-handlers.js';

jest.setTimeout(60_000);

const none = Type.Object({});
const ship = defineCommand({ task: 'depot.ship', description: '', payload: none, reply: none, refusals: {} });
const depot = defineService({ name: 'depot', title: '', description: '', commands: { ship } });
const { retriable } = stepsFor<Record<string, never>, LabTx>();
const saga = defineSaga({
  name: 'parcel_saga',
  data: none,
  steps: [retriable({ command: ship, payload: () => ({}), replyTimeoutMs: 60_000 })],
});

let lab: SagaLab;
beforeEach(async () => {
  lab = await createSagaLab('purge_rounds');
}, 60_000);
afterEach(() => lab.close(), 60_000);

it('an orchestrator purges what has ended, and leaves what waits; one without a retention purges nothing', async () => {
  const keeping = lab.orchestrator([saga], { sagaRetentionMs: null });
  await keeping.run();
  await waitFor('the orchestrator', () => keeping.isReady());
  let answers = true;
  await lab.participant(depot, { ship: async () => (answers ? {} : noReply()) });
  const ended = await lab.start(keeping, saga, {});
  await lab.untilStatus(ended, 'completed');
  await keeping.stop();
  answers = false;
  const waiting = await lab.start(keeping, saga, {});

  const purging = lab.orchestrator([saga], { sagaRetentionMs: 1 });
  await sql`update saga_instance set wake_at = now() + interval '1 hour', deadline = now() + interval '1 hour' where saga_id = ${waiting}::uuid`.execute(
    lab.database,
  );
  expect(await purging.find(ended)).not.toBeNull();
  await purging.run();
  await waitFor('the ended saga to go', async () => (await purging.find(ended)) === null);
  expect(await purging.find(waiting)).not.toBeNull();
});

it('a participant has its horizon as soon as it works', async () => {
  await lab.participant(depot, { ship: async () => ({}) });
  const { rows } = await waitFor('the horizon', async () => {
    const found = await sql<{ first: string }>`select first_saga_id as first from saga_inbox_horizon`.execute(
      lab.database,
    );
    return found.rows.length > 0 && found;
  });
  const age = Date.now() - parseInt(rows[0]!.first.replace('-', '').slice(0, 12), 16);
  expect(Math.abs(age - 90 * 86_400_000)).toBeLessThan(600_000);
});
