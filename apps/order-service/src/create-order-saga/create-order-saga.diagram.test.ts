import { sequenceDiagramOf, stateDiagramOf } from 'saga-core';
import { createOrderSaga } from './create-order-saga.js';

describe('the drawings of the saga', () => {
  it('show each way from a step', () => {
    const drawing = stateDiagramOf(createOrderSaga);
    expect(drawing).toContain('[*] --> create_order\n');
    // Nothing to undo yet.
    expect(drawing).toContain('create_order --> compensated : refused, or failed');
    // A refusal has had no effect; silence may have had one.
    expect(drawing).toContain('restaurant_service__create_ticket --> reject_order : refused\n');
    expect(drawing).toContain(
      'restaurant_service__create_ticket --> restaurant_service__reject_ticket : outcome unknown\n',
    );
    expect(drawing).toContain(
      'accounting_service__reverse_authorization --> restaurant_service__reject_ticket : undone\n',
    );
    // After the pivot there is only forward.
    expect(drawing).not.toMatch(
      /restaurant_service__approve_ticket --> (?!restaurant_service__approve_ticket|approve_order)/,
    );
    expect(drawing).toContain('approve_order --> completed : done');
  });

  it('show the commands in their order, and the undos in the opposite one', () => {
    const drawing = sequenceDiagramOf(createOrderSaga);
    const order = ['verify_consumer_details', 'create_ticket', 'authorize_card', 'approve_ticket', 'approve_order'];
    const undos = ['reverse_authorization', 'reject_ticket', 'reject_order'];
    const places = [...order, ...undos].map((name) => drawing.search(new RegExp(`: ${name} \\(`)));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });
});
