/**
 * A saga's row that a stranger holds for longer than anything of ours may take: nothing that came for the saga is lost.
 */
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';

const none = Type.Object({});
const look = defineCommand({ task: 'inn.look', description: '', payload: none, reply: none, refusals: {} });
const inn = defineService({ name: 'inn', title: '', description: '', commands: { look } });
const { readOnly } = stepsFor<Record<string, never>, LabTx>();
const HANDLER_TIMEOUT_MS = 200;
/** Whoever waits for a timeout instead of for the reply waits too long. */
const REPLY_TIMEOUT_MS = 300_000;
const visit = defineSaga({
  name: 'visit_saga',
  data: none,
  steps: [readOnly({ command: look, payload: () => ({}), replyTimeoutMs: REPLY_TIMEOUT_MS, attempts: 1 })],
});

let lab: SagaLab;
beforeEach(async () => {
  lab = await createSagaLab('row_held');
}, 60_000);
afterEach(() => lab.close(), 60_000);

it('keeps a reply to a saga whose row is held, applies it when the row is free, and lets its neighbours go on', async () => {
  let begin: () => void;
  const held = new Promise<void>((resolve) => (begin = resolve));
  let asked = 0;
  await lab.participant(inn, {
    look: async () => {
      asked++;
      await held;
      return {};
    },
  });
  const orchestrator = lab.orchestrator([visit], { handlerTimeoutMs: HANDLER_TIMEOUT_MS });
  await orchestrator.run();
  const id = await lab.start(orchestrator, visit, {});
  const neighbours = await Promise.all(Array.from({ length: 5 }, () => lab.start(orchestrator, visit, {})));
  await waitFor('the first command to be handled', () => asked > 0);
  const waiting = async (): Promise<number> => {
    const { rows } = await sql`select from pg_locks where not granted`.execute(lab.database);
    return rows.length;
  };
  await lab.database.transaction().execute(async (tx) => {
    await sql`select from saga_instance where saga_id = ${id} for update`.execute(tx);
    begin();
    await waitFor('the reply to wait for the row', async () => (await waiting()) > 0);
    for (const neighbour of neighbours) await lab.untilStatus(neighbour, 'completed');
    // What waits is given up after its time, and begins again.
    for (let times = 0; times < 3; times++) {
      await waitFor('an attempt to be given up', async () => (await waiting()) === 0);
      await waitFor('the next attempt', async () => (await waiting()) > 0);
    }
  });
  await lab.untilStatus(id, 'completed');
  const { history } = (await orchestrator.find(id))!;
  expect(history.map(({ type }) => type)).toEqual(['started', 'command_sent', 'step_succeeded', 'completed']);
}, 120_000);
