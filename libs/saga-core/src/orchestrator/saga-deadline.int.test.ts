/** A saga's deadline stands in the database: no process needs to remember it. */
import { Type } from '@sinclair/typebox';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand, defineUndo } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import { noReply } from '../participant/command-handlers.js';

const DEADLINE_MS = 1_500;
const none = Type.Object({});
const book = defineCommand({ task: 'inn.book', description: '', payload: none, reply: none, refusals: {} });
const cancel = defineUndo({ task: 'inn.cancel', description: '', undoes: book, payload: none });
const inn = defineService({ name: 'inn', title: '', description: '', commands: { book, cancel } });

const { compensatable, retriable } = stepsFor<Record<string, never>, LabTx>();
const saga = defineSaga({
  name: 'trip_saga',
  data: none,
  deadlineMs: DEADLINE_MS,
  steps: [
    compensatable({
      command: book,
      payload: () => ({}),
      replyTimeoutMs: 60_000,
      undo: { command: cancel, payload: () => ({}) },
    }),
    retriable({ local: { name: 'confirm_trip', handle: async () => undefined } }),
  ],
});

jest.setTimeout(60_000);

let lab: SagaLab;
beforeEach(async () => {
  lab = await createSagaLab('saga_deadline');
}, 60_000);
afterEach(() => lab.close(), 60_000);

it('turns a saga back that a process has started which is no more, and undoes what may have happened', async () => {
  let booked = 0;
  let cancelled = 0;
  await lab.participant(inn, {
    book: async () => {
      booked++;
      return noReply();
    },
    cancel: async () => {
      cancelled++;
      return {};
    },
  });
  const starter = lab.orchestrator([saga]);
  await starter.run();
  await waitFor('the orchestrator', () => starter.isReady());
  const id = await lab.start(starter, saga, {});
  await waitFor('the booking', () => booked === 1);
  await starter.stop();

  const other = lab.orchestrator([saga]);
  await other.run();
  await lab.untilStatus(id, 'compensated');
  const { history, createdAt, failure } = (await other.find(id))!;
  expect([booked, cancelled]).toEqual([1, 1]);
  expect(failure).toMatchObject({ step: 'inn.book', code: 'SAGA_DEADLINE' });
  const turn = history.find(({ type }) => type === 'compensating')!;
  const afterMs = Date.parse(turn.at) - Date.parse(createdAt);
  expect(turn.code).toBe('SAGA_DEADLINE');
  expect(afterMs).toBeGreaterThanOrEqual(DEADLINE_MS);
  // One poll, and a machine that has other things to do.
  expect(afterMs).toBeLessThan(DEADLINE_MS + 20_000);
});

it('lets a saga be that is in time', async () => {
  await lab.participant(inn, { book: async () => ({}), cancel: async () => ({}) });
  const orchestrator = lab.orchestrator([saga]);
  await orchestrator.run();
  await waitFor('the orchestrator', () => orchestrator.isReady());
  await lab.untilStatus(await lab.start(orchestrator, saga, {}), 'completed');
});
