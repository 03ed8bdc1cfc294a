import type { SagaView } from 'saga-core';
import { ORDER_ID, newOrder } from '../orders/order-examples.js';

const id = '019c1f2e-7b1a-7c4d-9e5f-ba9876543210';

/** What the OpenAPI document shows: a saga that awaits its first reply. */
export const runningSaga: SagaView = {
  id,
  name: 'create_order_saga',
  definitionVersion: 1,
  status: 'running',
  step: 'consumer_service.verify_consumer_details',
  awaited: {
    step: 'consumer_service.verify_consumer_details',
    commandId: `${id}:2`,
    attempt: 1,
    state: 'sent',
    until: '2026-01-31T12:00:10.000Z',
  },
  failure: null,
  lastError: null,
  data: { orderId: ORDER_ID, ...newOrder },
  traceparent: null,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
  endedAt: null,
  history: [
    { number: 1, at: '2026-01-31T12:00:00.000Z', type: 'started' },
    {
      number: 1,
      at: '2026-01-31T12:00:00.000Z',
      type: 'step_succeeded',
      step: 'create_order',
      attempt: 1,
      commandId: `${id}:1`,
    },
    {
      number: 1,
      at: '2026-01-31T12:00:00.000Z',
      type: 'command_sent',
      step: 'consumer_service.verify_consumer_details',
      attempt: 1,
      commandId: `${id}:2`,
      payload: { orderId: ORDER_ID, consumerId: 70 },
      until: '2026-01-31T12:00:10.000Z',
    },
  ],
};
