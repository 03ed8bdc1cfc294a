/** How orchestrators and participants begin: what is said when, and that they can be stopped before. */
import { Type } from '@sinclair/typebox';
import pino from 'pino';
import { createSagaLab, type LabTx, type SagaLab } from '../../../../test/support/saga-lab.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { defineCommand } from '../contract/command.js';
import { defineService } from '../contract/service.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import { createParticipant } from '../participant/participant.js';
import { connectTransport, type RabbitTransport } from '../transport/rabbit-transport.js';
import { createOrchestrator } from './orchestrator.js';

const logger = pino({ level: 'silent' });
const ship = defineCommand({
  task: 'depot.ship',
  description: 'Ships.',
  payload: Type.Object({}),
  reply: Type.Object({}),
  refusals: {},
});
const depot = defineService({ name: 'depot', title: 'Depot', description: 'Parcels.', commands: { ship } });
const saga = defineSaga({
  name: 'parcel_saga',
  data: Type.Object({}),
  steps: [stepsFor<object, LabTx>().retriable({ command: ship, payload: () => ({}) })],
});

let lab: SagaLab;
let nowhere: RabbitTransport;
beforeAll(async () => {
  lab = await createSagaLab('beginnings');
  nowhere = connectTransport({ urls: ['amqp://127.0.0.1:1'], name: 'nowhere', logger });
}, 60_000);
afterAll(async () => {
  await nowhere.close();
  await lab.close();
}, 60_000);

it('once both have begun, no message is lost', async () => {
  await lab.participant(depot, { ship: async () => ({}) });
  const orchestrator = lab.orchestrator([saga]);
  await orchestrator.run();
  expect(orchestrator.notReadyBecause()).toBeNull();
  const id = await lab.start(orchestrator, saga, {});
  await lab.untilStatus(id, 'completed');
  const { history } = (await orchestrator.find(id))!;
  expect(history.filter(({ type }) => type !== 'completed').map(({ type }) => type)).toEqual([
    'started',
    'command_sent',
    'step_succeeded',
  ]);
}, 60_000);

it('they wait for a broker that is away, say so, and can be stopped meanwhile', async () => {
  const { database } = lab;
  const orchestrator = createOrchestrator({ sagas: [saga], database, transport: nowhere, logger });
  const participant = createParticipant({
    service: depot,
    handlers: { ship: async () => ({}) },
    database,
    transport: nowhere,
    logger,
  });
  const begun = [orchestrator.run(), participant.start()];
  const waits = ({ notReadyBecause }: Pick<typeof participant, 'notReadyBecause'>) =>
    (notReadyBecause() ?? '').includes('is not consumed');
  await waitFor('both to wait', () => waits(orchestrator) && waits(participant));
  expect([orchestrator.isReady(), participant.isReady()]).toEqual([false, false]);
  await Promise.all([orchestrator.stop(), participant.stop()]);
  await Promise.all(begun);
}, 60_000);
