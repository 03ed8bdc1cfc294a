import pino from 'pino';
import { encodeJson, type IncomingMessage } from '../contract/message.js';
import { sagaObservers } from './saga-observer.js';
import type { SagaEvent } from '../engine/event.js';
import { SagaError } from '../errors.js';
import type { Transport } from '../transport/transport.js';
import { replyBatchHandler } from './handle-replies.js';
import type { Applied, SagaRunner } from './saga-runner.js';

const logger = pino({ level: 'silent' });
const SAGA_ID = '018f0000-0000-7000-8000-000000000001';

const reply: IncomingMessage = {
  exchange: 'trip_saga.responses',
  routingKey: 'hotel.book.response.success',
  correlationId: `${SAGA_ID}:2`,
  replyTo: undefined,
  headers: {},
  body: encodeJson({}),
  redelivered: false,
  deliveredBefore: false,
};

it('marks a reply as redelivered that is handled alone again: what it caused may not have been sent', async () => {
  const given: SagaEvent[] = [];
  const nothing: Applied = { commands: [], unknown: [], foreign: [], suspects: [] };
  const runner = {
    apply: async () => ({ ...nothing, suspects: [SAGA_ID] }),
    applyAlone: async (_where: string, _id: string, events: readonly SagaEvent[]) => {
      given.push(...events);
      return nothing;
    },
  } as unknown as SagaRunner<unknown>;
  let outages = 0;
  const publish: Transport['publish'] = async () => {
    if (given.length > 0 && outages++ === 0) throw new SagaError('TRANSPORT_UNAVAILABLE', 'the broker is away');
    return [];
  };
  const handle = replyBatchHandler(
    'trip_saga.responses',
    runner,
    { publish } as Transport,
    logger,
    sagaObservers([], logger),
  );
  const [suspect] = (await handle([reply])).suspects;
  await expect(suspect!.handleIsolated()).rejects.toThrow('away');
  expect(await suspect!.handleIsolated()).toEqual([]);
  expect(given.map((event) => event.type === 'reply' && event.redelivered)).toEqual([false, true]);
});
