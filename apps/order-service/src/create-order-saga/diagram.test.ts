import { sequenceDiagramOf, stateDiagramOf } from 'saga-core';
import { createOrderSaga } from './create-order-saga.js';

const lines = (diagram: string) => diagram.split('\n').map((line) => line.trim());

test('the state diagram leads forward, back through the undos, and to a person', () => {
  const drawn = lines(stateDiagramOf(createOrderSaga));
  expect(drawn).toEqual(
    expect.arrayContaining([
      'stateDiagram-v2',
      '[*] --> create_order',
      'create_order --> consumer_service__verify_consumer_details',
      'consumer_service__verify_consumer_details --> reject_order: refused or given up',
      'restaurant_service__create_ticket --> reject_order: refused',
      'restaurant_service__create_ticket --> restaurant_service__reject_ticket: outcome unknown',
      'accounting_service__authorize_card --> restaurant_service__reject_ticket: refused',
      'accounting_service__reverse_authorization --> restaurant_service__reject_ticket',
      'restaurant_service__reject_ticket --> reject_order',
      'reject_order --> compensated',
      'restaurant_service__approve_ticket --> stuck: given up',
      'approve_order --> completed',
    ]),
  );
  expect(drawn.filter((line) => line.startsWith('approve_order') && line.includes('compensated'))).toEqual([]);
});

test('the sequence diagram has each command and its reply', () => {
  const drawn = lines(sequenceDiagramOf(createOrderSaga));
  expect(drawn.filter((line) => line.includes('->>'))).toHaveLength(8);
  expect(drawn).toContain('create_order_saga->>accounting_service: accounting_service.authorize_card');
  expect(drawn.at(-1)).toBe('Note over create_order_saga: approve_order');
});
