/** Many local steps that never answer when a deadline has passed: the deadlines of others are handled meanwhile. */
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { defineCommand, defineSaga, defineService, stepsFor, noReply } from 'saga-core';
import { createSagaLab, type LabTx, type SagaLab } from '../../support/saga-lab.js';
import { waitFor } from '../../support/wait-for.js';

const data = Type.Object({ text: Type.String() });
interface Data {
  text: string;
}
const silent = defineCommand({
  task: 'nobody.silent',
  description: '',
  payload: data,
  reply: Type.Object({}),
  refusals: {},
});
const nobody = defineService({ name: 'nobody', title: '', description: '', commands: { silent } });
const { readOnly, compensatable } = stepsFor<Data, LabTx>();
const atDeadline = defineSaga({
  name: 'many_at_deadline',
  data,
  steps: [
    compensatable({
      local: { name: 'begin', handle: async () => undefined },
      undo: {
        name: 'take_back',
        handle: (_tx, { data: { text } }) =>
          text === 'hang' ? new Promise<undefined>(() => undefined) : Promise.resolve(undefined),
      },
    }),
    readOnly({ command: silent, payload: ({ text }) => ({ text }), replyTimeoutMs: 300, attempts: 1 }),
  ],
});

const MANY = 20;
let lab: SagaLab;
beforeAll(async () => {
  lab = await createSagaLab('many_deadlines');
  await lab.participant(nobody, { silent: () => Promise.resolve(noReply()) });
}, 60_000);
afterAll(() => lab.close(), 120_000);

test('they end in the time that the promise gives, and the process can be stopped', async () => {
  const orchestrator = lab.orchestrator([atDeadline]);
  await orchestrator.run();
  for (let saga = 0; saga < MANY; saga++) await lab.start(orchestrator, atDeadline, { text: 'hang' });
  const first = await lab.start(orchestrator, atDeadline, { text: 'good' });
  await lab.untilStatus(first, 'compensated');
  const second = await lab.start(orchestrator, atDeadline, { text: 'good' });
  await lab.untilStatus(second, 'compensated');
  const { rows } = await sql<{ running: number }>`
    select count(*)::integer as running from saga_instance where status <> 'compensated'`.execute(lab.database);
  expect(rows).toEqual([{ running: MANY }]);
  await waitFor('the end', async () => orchestrator.stop().then(() => true), 30_000);
}, 120_000);
