/** Timers come when they are due: whatever else waits, and whatever the clock of the database shows. */
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { settableClock } from '../../../../test/support/settable-clock.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import { noReply } from '../participant/command-handlers.js';

const none = Type.Object({});
const look = defineCommand({ task: 'inn.look', description: '', payload: none, reply: none, refusals: {} });
const inn = defineService({ name: 'inn', title: '', description: '', commands: { look } });
const { readOnly, retriable } = stepsFor<Record<string, never>, LabTx>();

/** A saga whose only command is never answered. */
const waitingSaga = (name: string, replyTimeoutMs: number, deadlineMs?: number) =>
  defineSaga({
    name,
    data: none,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    steps: [
      readOnly({ command: look, payload: () => ({}), replyTimeoutMs, attempts: 1 }),
      retriable({ local: { name: 'note_it', handle: async () => undefined } }),
    ],
  });

jest.setTimeout(120_000);

let lab: SagaLab;
beforeEach(async () => {
  lab = await createSagaLab('timers');
}, 60_000);
afterEach(() => lab.close(), 60_000);

/** What is promised, at any number of waiting sagas. */
const LATE_MS = 15_000;

it('a timeout of a second takes no longer because 20,000 sagas wait, whose timers were set for an earlier step', async () => {
  const quick = waitingSaga('quick_saga', 1_000);
  await lab.participant(inn, { look: async () => noReply() });
  await sql`
    insert into saga_instance (saga_id, saga_name, definition_version, status, version, sequence, step, awaited, deadline, wake_at, data, actions, created_at, updated_at)
    select gen_random_uuid(), 'quick_saga', 1, 'running', 3, 3, 'inn.look',
      '{"step": 0, "name": "inn.look", "direction": "action", "sequence": 3, "attempt": 1, "payload": {}, "state": "sent", "until": 0, "mayHaveArrived": false}',
      clock_timestamp() + interval '1 hour', clock_timestamp() - interval '1 second', '{}', '[]', clock_timestamp(), clock_timestamp()
    from generate_series(1, 20000)`.execute(lab.database);
  const orchestrator = lab.orchestrator([quick]);
  const started = performance.now();
  const id = await lab.start(orchestrator, quick, {});
  await orchestrator.run();
  await lab.untilStatus(id, 'compensated');
  expect(performance.now() - started).toBeLessThan(1_000 + LATE_MS);
  const early = async () => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from saga_instance where wake_at < clock_timestamp()`.execute(lab.database);
    return rows[0]!.count;
  };
  await waitFor('the others to be postponed', async () => (await early()) === 0, 60_000);
});

it.each([3_600_000, -3_600_000])(
  'and no shorter or longer when the clock of the database is set by %d ms',
  async (ms) => {
    const clock = await settableClock((statement) => sql.raw(statement).execute(lab.database));
    const sagas = [waitingSaga('patient_saga', 4_000), waitingSaga('hasty_saga', 60_000, 4_000)];
    await lab.participant(inn, { look: async () => noReply() });
    const [one, other] = [lab.orchestrator(sagas), lab.orchestrator(sagas)];
    await Promise.all([one.run(), other.run()]);
    await waitFor('the orchestrators', () => one.isReady() && other.isReady());
    /** @returns how long it took, by a clock that nobody sets */
    const took = async (saga: (typeof sagas)[number]): Promise<number> => {
      const started = performance.now();
      await lab.untilStatus(await lab.start(one, saga, {}), 'compensated');
      return performance.now() - started;
    };
    const before = sagas.map(took);
    await waitFor('them to wait', async () => {
      const { rows } = await sql<{ count: number }>`select count(*)::integer as count from saga_instance`.execute(
        lab.database,
      );
      return rows[0]!.count === sagas.length;
    });
    await clock.setAhead(ms);
    for (const each of await Promise.all([...before, ...sagas.map(took)])) {
      expect(each).toBeGreaterThan(3_800);
      expect(each).toBeLessThan(4_000 + LATE_MS);
    }
  },
);
