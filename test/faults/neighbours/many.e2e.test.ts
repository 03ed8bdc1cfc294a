/** Many that misbehave at once, beside as many that do not: these are answered soon, and the process can be stopped. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { sql } from 'kysely';
import { defineCommand, defineService, type ReceivedCommand } from 'saga-core';
import { createSagaLab, type LabTx, type SagaLab } from '../../support/saga-lab.js';
import { playOrchestrator, type TestOrchestrator } from '../../support/test-orchestrator.js';
import { waitFor } from '../../support/wait-for.js';

const payload = Type.Object({ text: Type.String() });
const greet = defineCommand({ task: 'many.greet', description: '', payload, reply: Type.Object({}), refusals: {} });
const many = defineService({ name: 'many', title: '', description: '', commands: { greet } });

const MANY = 50;
/** One after the other, each for all of the time that it may take beside others, they would take 100 s. */
const SOON_MS = 50_000;
const MISBEHAVIOURS: Record<string, () => Promise<unknown>> = {
  throw: () => Promise.reject(new Error('no')),
  'are slow': () => delay(3_000),
  'never answer': () => new Promise(() => undefined),
};

let lab: SagaLab;
let orchestrator: TestOrchestrator;
beforeAll(async () => {
  lab = await createSagaLab('many');
  await sql`create table note (id text primary key)`.execute(lab.database);
  await lab.participant(many, {
    greet: async (tx: LabTx, { payload: { text }, commandId }: ReceivedCommand<{ text: string }>) => {
      await MISBEHAVIOURS[text]?.();
      await sql`insert into note values (${commandId})`.execute(tx);
      return {};
    },
  });
  orchestrator = await playOrchestrator(lab.broker.amqpUrl);
}, 60_000);
afterAll(async () => {
  await orchestrator.close();
  await lab.close();
}, 60_000);

it.each(Object.keys(MISBEHAVIOURS))(
  'fifty that %s hold up fifty others for a few seconds at the most',
  async (kind) => {
    const innocent = Array.from({ length: MANY }, () => `${randomUUID()}:1`);
    const send = (text: string, correlationId: string) => orchestrator.send('many.greet', { text }, { correlationId });
    await Promise.all(innocent.flatMap((id) => [send(kind, `${randomUUID()}:1`), send('good', id)]));
    const answered = async (): Promise<boolean> => {
      const { rows } = await sql<{ count: number }>`
        select count(*)::integer as count from note where id = any(${innocent})`.execute(lab.database);
      return rows[0]!.count === MANY;
    };
    await waitFor('the others to be handled', answered, SOON_MS);
    for (const id of innocent)
      expect((await orchestrator.replies(id))[0]!.routingKey).toBe('many.greet.response.success');
  },
  120_000,
);
