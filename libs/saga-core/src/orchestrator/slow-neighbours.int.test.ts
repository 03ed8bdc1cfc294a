/** Local steps that take for ever, when many of them are due at once: deadlines beside them come in time. */
import { Type } from '@sinclair/typebox';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import { noReply } from '../participant/command-handlers.js';

const none = Type.Object({});
const look = defineCommand({ task: 'inn.look', description: '', payload: none, reply: none, refusals: {} });
const inn = defineService({ name: 'inn', title: '', description: '', commands: { look } });
const { compensatable, readOnly, retriable } = stepsFor<Record<string, never>, LabTx>();

/** A saga whose command is never answered, and whose first step is undone then. */
const turningSaga = (name: string, replyTimeoutMs: number, undo: () => Promise<void>) =>
  defineSaga({
    name,
    data: none,
    steps: [
      compensatable({
        local: { name: 'note_it', handle: async () => undefined },
        undo: { name: 'forget_it', handle: undo },
      }),
      readOnly({ command: look, payload: () => ({}), replyTimeoutMs, attempts: 1 }),
      retriable({ local: { name: 'end_it', handle: async () => undefined } }),
    ],
  });

let lab: SagaLab;
beforeEach(async () => {
  lab = await createSagaLab('slow_neighbours');
}, 60_000);
afterEach(() => lab.close(), 60_000);

/** What is promised of timers. */
const LATE_MS = 15_000;

it('sees to what is due while ten local steps take for ever', async () => {
  let stuck = 0;
  const idle = turningSaga('idle_saga', 1_000, () => {
    stuck++;
    return new Promise<never>(() => undefined);
  });
  const good = turningSaga('good_saga', 3_000, async () => undefined);
  await lab.participant(inn, { look: async () => noReply() });
  const orchestrator = lab.orchestrator([idle, good]);
  await orchestrator.run();
  await Promise.all(Array.from({ length: 10 }, () => lab.start(orchestrator, idle, {})));
  await waitFor('the first of them to idle', () => stuck > 0);
  const begun = performance.now();
  await lab.untilStatus(await lab.start(orchestrator, good, {}), 'compensated');
  expect(performance.now() - begun).toBeLessThan(3_000 + LATE_MS);
}, 120_000);
