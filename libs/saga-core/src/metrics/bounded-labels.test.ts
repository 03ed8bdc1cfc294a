import { Registry } from 'prom-client';
import type { OutgoingMessage } from '../contract/message.js';
import { Play, saga, success } from '../engine/decide.fixture.js';
import { participantTopology } from '../transport/topology.js';
import type { Transport } from '../transport/transport.js';
import { sagaMetrics } from './saga-metrics.js';
import { meteredTransport } from './transport-metrics.js';

const seriesOf = async (registry: Registry, name: string) =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));

/** The kitchen refuses a ticket, each time with another code. */
async function seriesOfRefusals(codes: readonly string[]): Promise<string[]> {
  const registry = new Registry();
  const observer = sagaMetrics(registry);
  observer.known?.([saga]);
  for (const code of codes) {
    const { instance, history } = new Play().reply(success()).reply({ kind: 'refusal', code, message: '' });
    observer.saved([{ decidedAt: 0, instance, history }], 0);
  }
  return seriesOf(registry, 'saga_compensations_total');
}

test('codes of refusals that the contract does not have make one series, whoever makes up how many', async () => {
  const codes = Array.from({ length: 200 }, (_, index) => `MADE_UP_${index}`);
  expect(await seriesOfRefusals([...codes, 'CLOSED', 'BARRED', 'OVER', '__proto__'])).toEqual([
    // That of another step is none of this one.
    'saga_compensations_total{saga="order_saga",step="kitchen.create",code="other"} 202',
    'saga_compensations_total{saga="order_saga",step="kitchen.create",code="CLOSED"} 1',
    'saga_compensations_total{saga="order_saga",step="kitchen.create",code="BARRED"} 1',
  ]);
});

test('sagas and steps that no definition has are other ones', async () => {
  const registry = new Registry();
  const observer = sagaMetrics(registry);
  observer.known?.([saga]);
  const { instance } = new Play();
  for (let index = 0; index < 50; index++) {
    const stuck = { type: 'stuck', step: `kitchen.made_up_${index}`, code: 'HANDLER_FAILED' } as const;
    observer.saved([{ decidedAt: 0, instance: { ...instance, sagaName: `made_up_${index}` }, history: [stuck] }], 0);
    observer.saved([{ decidedAt: 0, instance, history: [stuck] }], 0);
  }
  expect(await seriesOf(registry, 'saga_stuck_total')).toEqual([
    'saga_stuck_total{saga="other",step="other",code="HANDLER_FAILED"} 50',
    'saga_stuck_total{saga="order_saga",step="other",code="HANDLER_FAILED"} 50',
  ]);
});

test('what is published is told by the exchanges that this process declares; addresses of replies come from strangers', async () => {
  const registry = new Registry();
  const transport = meteredTransport(
    {
      use: () => undefined,
      publish: (messages: readonly OutgoingMessage[]) => Promise.resolve(messages.map(() => 'confirmed')),
      isReady: () => true,
      canPublish: () => true,
    } as unknown as Transport,
    registry,
  );
  transport.use(participantTopology('kitchen'));
  const message = { routingKey: 'kitchen.commands', headers: { 'x-cause': 'TOO_LARGE' }, body: Buffer.from('{}') };
  const strangers = Array.from({ length: 200 }, (_, index) => ({ ...message, exchange: `saga_${index}.responses` }));
  const letters = Array.from({ length: 50 }, (_, index) => ({
    ...message,
    routingKey: `queue_${index}`,
    headers: { 'x-cause': `CAUSE_${index}` },
    exchange: 'saga.dead',
  }));
  await transport.publish([...strangers, ...letters]);
  expect(await seriesOf(registry, 'saga_published_total')).toEqual([
    'saga_published_total{exchange="other",fate="confirmed"} 200',
    'saga_published_total{exchange="saga.dead",fate="confirmed"} 50',
  ]);
  expect(await seriesOf(registry, 'saga_dead_letters_total')).toEqual([
    'saga_dead_letters_total{queue="other",cause="other"} 50',
  ]);
});
