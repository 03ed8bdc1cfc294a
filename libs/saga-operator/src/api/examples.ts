/** What the OpenAPI document shows. */
import type { BulkOperation, DeadLetter, SagaDetail, SagaSummary } from './schemas/index.js';

const id = '019c1f2e-7b1a-7c4d-9e5f-ba9876543210';
const at = '2026-01-31T12:00:00.000Z';
const data = { orderId: '019c1f2e-7b1a-7000-8000-0123456789ab' };
const step = 'restaurant_service.approve_ticket';
const lastError = { step, code: 'REPLY_TIMEOUT', message: 'No reply within 10000 ms' };

export const summaryExample: SagaSummary = {
  id,
  saga: 'create_order_saga',
  definitionVersion: 1,
  version: 31,
  status: 'stuck',
  step,
  direction: 'action',
  attempt: 25,
  state: 'parked',
  until: null,
  ageMs: 612_000,
  startedAt: at,
  updatedAt: at,
  endedAt: null,
  lastError,
  data,
};

export const detailExample: SagaDetail = {
  id,
  name: 'create_order_saga',
  definitionVersion: 1,
  status: 'stuck',
  step,
  awaited: { step, commandId: `${id}:5`, attempt: 25, state: 'parked', until: null },
  failure: null,
  lastError,
  data,
  traceparent: null,
  createdAt: at,
  updatedAt: at,
  endedAt: null,
  history: [
    {
      number: 31,
      at,
      type: 'stuck',
      step,
      attempt: 25,
      commandId: `${id}:5`,
      code: lastError.code,
      message: lastError.message,
    },
  ],
  version: 31,
  direction: 'action',
  payload: data,
  steps: [{ name: step, kind: 'retriable', local: false, undo: null, state: 'current' }],
  earlier: 0,
  notesIgnored: true,
  allowed: { retry: true, compensate: false, skip: true, edit: false, accept: true, giveUp: false },
  links: [],
};

export const deadLetterExample: DeadLetter = {
  id: '0b1f3c5d7e9f0a2b4c6d8e0f1a3b5c7d',
  cause: 'CRASH_LOOP',
  detail: '3 processes died while they handled it',
  exchange: 'saga.commands',
  routingKey: step,
  correlationId: `${id}:5`,
  replyTo: 'create_order_saga.responses',
  headers: { 'x-saga-attempt': 3, 'x-cause': 'CRASH_LOOP' },
  body: JSON.stringify(data),
  bytes: 50,
  replayable: true,
};

export const bulkExample: BulkOperation = {
  id,
  action: 'retry',
  filter: { status: 'stuck', step },
  status: 'running',
  matched: 812,
  done: 340,
  failed: 2,
  failures: [{ sagaId: id, message: `Saga ${id} is at version 32, not 31: look at it again` }],
  perSecond: 20,
  operator: 'ann',
  reason: 'the kitchen is back',
  createdAt: at,
  endedAt: null,
};
