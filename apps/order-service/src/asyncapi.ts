/** What order-service sends and receives, as a document. */
import { orchestratorDocument } from 'saga-core/asyncapi';
import { createOrderSaga, createOrderSagas } from './create-order-saga/create-order-saga.js';

export const asyncApi = orchestratorDocument(
  'Order Service',
  'Takes orders, and runs the saga that approves or rejects each. Its REST API is described by `/openapi`.',
  createOrderSaga,
  createOrderSagas.filter((saga) => saga !== createOrderSaga),
);
