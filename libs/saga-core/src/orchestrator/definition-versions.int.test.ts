/**
 * Two versions of a saga in one database, and processes that know one of them or both, as during a rolling deployment.
 */
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import { replyMessage, type ReplyMessage } from '../contract/reply-message.js';
import { noReply } from '../participant/command-handlers.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';

const none = Type.Object({});
const command = (task: string) => defineCommand({ task, description: '', payload: none, reply: none, refusals: {} });
const ship = command('depot.ship');
const thank = command('depot.thank');
const depot = defineService({ name: 'depot', title: '', description: '', commands: { ship, thank } });

const { retriable } = stepsFor<Record<string, never>, LabTx>();
const step = (contract: typeof ship) =>
  retriable({
    command: contract,
    payload: () => ({}),
    replyTimeoutMs: 60_000,
    backoff: { initialMs: 60_000, maxMs: 60_000 },
  });
const version1 = defineSaga({ name: 'parcel_saga', version: 1, data: none, steps: [step(ship)] });
const version2 = defineSaga({ name: 'parcel_saga', version: 2, data: none, steps: [step(ship), step(thank)] });
/** Somebody has inserted a step, or removed one, and left the version as it was. */
const inserted = defineSaga({ name: 'parcel_saga', version: 1, data: none, steps: [step(thank), step(ship)] });
const removed = defineSaga({ name: 'parcel_saga', version: 2, data: none, steps: [step(ship)] });

jest.setTimeout(60_000);

let lab: SagaLab;
beforeEach(async () => {
  lab = await createSagaLab('definition_versions');
}, 60_000);
afterEach(() => lab.close(), 60_000);

const startParticipant = () => lab.participant(depot, { ship: async () => ({}), thank: async () => ({}) });

const keptReplies = async (): Promise<number> =>
  (await sql`select from saga_kept_reply`.execute(lab.database)).rows.length;

it('keeps a reply that an old process receives for the new one, whose saga goes on without a timeout', async () => {
  await startParticipant();
  const old = lab.orchestrator([version1]);
  const fresh = lab.orchestrator([version1, version2]);
  await old.run();
  await waitFor('the old process', () => old.isReady());

  // Only the old process takes replies.
  const id = await lab.start(fresh, version2, {});
  await waitFor('the reply to be kept', async () => (await keptReplies()) === 1);
  expect((await old.find(id))!.history.map(({ type }) => type)).toEqual(['started', 'command_sent']);
  expect(await lab.broker.messageCounts()).toMatchObject({
    'parcel_saga.responses': 0,
    'parcel_saga.responses.dead': 0,
  });

  await fresh.run();
  // The reply to the second step may reach either.
  await lab.untilStatus(id, 'completed');
  expect(await keptReplies()).toBe(0);
  expect((await fresh.find(id))!.history.map(({ type, step: name }) => [type, name].join(' '))).toEqual([
    'started ',
    'command_sent depot.ship',
    'step_succeeded depot.ship',
    'command_sent depot.thank',
    'step_succeeded depot.thank',
    'completed ',
  ]);
});

it('runs two versions side by side, with an old process and a new one that share everything', async () => {
  await startParticipant();
  const [old, fresh] = [lab.orchestrator([version1]), lab.orchestrator([version1, version2])];
  await Promise.all([old.run(), fresh.run()]);
  await waitFor('all', () => old.isReady() && fresh.isReady());
  const ids = await Promise.all(
    Array.from({ length: 40 }, (_, index) => lab.start(index % 2 ? old : fresh, index % 2 ? version1 : version2, {})),
  );
  for (const id of ids) await lab.untilStatus(id, 'completed');
  for (const [index, id] of ids.entries()) {
    const { history, definitionVersion } = (await fresh.find(id))!;
    expect(definitionVersion).toBe(index % 2 ? 1 : 2);
    expect(history.filter(({ type }) => type === 'step_succeeded')).toHaveLength(definitionVersion);
    expect(history.filter(({ type }) => type === 'step_timed_out')).toEqual([]);
  }
});

it('does not start without a version that living instances need, stuck ones included, and says how many', async () => {
  const fresh = lab.orchestrator([version1, version2]);
  const [running1, stuck1] = [await lab.start(fresh, version1, {}), await lab.start(fresh, version1, {})];
  await lab.start(fresh, version2, {});
  await sql`update saga_instance set status = 'stuck', wake_at = null, deadline = null, awaited = jsonb_set(awaited::jsonb, '{state}', '"parked"')::json
    where saga_id = ${stuck1}::uuid`.execute(lab.database);
  const tooNew = lab.orchestrator([version2]);
  await expect(tooNew.run()).rejects.toMatchObject({
    code: 'DEFINITION_MISSING',
    message: expect.stringContaining('2 living instances of parcel_saga version 1 (1 stuck):') as string,
  });
  expect(tooNew.isReady()).toBe(false);

  // Once they have ended, nothing needs the old version.
  await startParticipant();
  await fresh.run();
  // Commands were sent to an exchange that nobody had declared yet, which costs the connection.
  await waitFor('the new process', () => fresh.isReady() && lab.transport.canPublish());
  for (const id of [running1, stuck1]) {
    await fresh.operate(id, { type: 'retry', by: 'ann', reason: 'the depot is open' });
    await lab.untilStatus(id, 'completed');
  }
  await tooNew.run();
  await waitFor('the process without the old version', () => tooNew.isReady());
});

it('tells an operator that another process knows this saga', async () => {
  const id = await lab.start(lab.orchestrator([version2]), version2, {});
  const old = lab.orchestrator([version1]);
  await expect(old.operate(id, { type: 'retry', by: 'ann', reason: 'now' })).rejects.toMatchObject({
    code: 'UNKNOWN_DEFINITION',
  });
  expect((await old.find(id))!.history).toHaveLength(2);
});

it.each([
  ['inserted', version1, inserted],
  ['removed', version2, removed],
])(
  'leaves a saga alone whose steps are others under the same version, as when one was %s, and runs the rest',
  async (_how, before, after) => {
    const old = lab.orchestrator([before]);
    // It writes down its steps, and takes no reply.
    await old.run();
    await old.stop();
    const fresh = lab.orchestrator([after]);
    await fresh.run();
    await waitFor('the new process', () => fresh.isReady());
    await startParticipant();
    const waiting = await lab.start(old, before, {});
    await waitFor('the reply to be kept', async () => (await keptReplies()) === 1);
    // Its time is up as well.
    await sql`update saga_instance set wake_at = now(), deadline = now() where saga_id = ${waiting}::uuid`.execute(
      lab.database,
    );
    const other = await lab.start(fresh, after, {});
    await lab.untilStatus(other, 'completed');
    const { status, history } = (await fresh.find(waiting))!;
    expect([status, ...history.map(({ type }) => type)]).toEqual(['running', 'started', 'command_sent']);
    for (const process of [fresh, lab.orchestrator([after])])
      await expect(process.operate(waiting, { type: 'retry', by: 'ann', reason: 'now' })).rejects.toMatchObject({
        code: 'UNKNOWN_DEFINITION',
        message: expect.stringContaining('other steps') as string,
      });
    await expect(lab.start(fresh, before, {})).rejects.toMatchObject({ code: 'UNKNOWN_DEFINITION' });

    // A process that knows its steps takes what was kept.
    await fresh.stop();
    const again = lab.orchestrator([before]);
    await again.run();
    await lab.untilStatus(waiting, 'completed');
  },
);

it('keeps the task and the attempt of a reply, so that one of another task does not take the place of the true one', async () => {
  const silence = async () => noReply();
  await lab.participant(depot, { ship: silence, thank: silence });
  const fresh = lab.orchestrator([version1, version2]);
  const old = lab.orchestrator([version1]);
  await old.run();
  await waitFor('the old process', () => old.isReady());
  const id = await lab.start(fresh, version2, {});
  const answer = (reply: Omit<ReplyMessage, 'commandId'>) =>
    lab.transport.publish([replyMessage({ ...reply, commandId: `${id}:1` }, 'parcel_saga.responses')]);
  const broken = { kind: 'error', code: 'HANDLER_FAILED', message: 'broken' } as const;
  await answer({ task: 'depot.thank', outcome: { kind: 'refusal', code: 'NO', message: 'no' } });
  await answer({ task: 'depot.ship', attempt: 7, outcome: broken });
  await answer({ task: 'depot.ship', attempt: 1, outcome: { kind: 'success', reply: {} } });
  await waitFor('the replies to be kept', async () => (await keptReplies()) === 3);
  await fresh.run();
  await waitFor('the second step', async () =>
    (await fresh.find(id))!.history.some(({ step: name }) => name === 'depot.thank'),
  );
  // They are taken in no order that matters.
  const history = (await fresh.find(id))!.history.map(({ type, step: name }) => [type, name].join(' '));
  expect(history.filter((entry) => entry === 'reply_ignored ')).toHaveLength(2);
  expect(history.filter((entry) => entry !== 'reply_ignored ')).toEqual([
    'started ',
    'command_sent depot.ship',
    'step_succeeded depot.ship',
    'command_sent depot.thank',
  ]);
});
