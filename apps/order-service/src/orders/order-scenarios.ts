/** Orders to try, and how each ends with the example data of the participants. */
import { newOrder } from './order-examples.js';
import type { NewOrder } from './order-schemas.js';

const scenario = (title: string, ends: string, change: Partial<NewOrder> = {}) => ({
  title,
  ends,
  body: { ...newOrder, ...change },
});

export const ORDER_SCENARIOS = {
  title: 'Place an order',
  url: 'orders',
  sagaIdField: 'sagaId',
  example: newOrder,
  scenarios: [
    scenario('All is well', 'Approved.'),
    scenario('Consumer suspended', 'Rejected by consumer_service; nothing was done yet.', { consumerId: 10 }),
    scenario('Card limit exceeded', 'Rejected by accounting_service; the ticket is taken back.', { price: 8000 }),
    scenario('Dish not on the menu', 'Rejected by restaurant_service.', { items: [{ name: 'Nothing', quantity: 1 }] }),
    scenario('Approval breaks twice', 'Approved after retries.', { restaurantId: 2 }),
    scenario('Restaurant silent', 'Rejected after the timeout; what it may have done is taken back.', {
      restaurantId: 3,
    }),
    scenario('Saga code throws', 'Rejected; the reason stands in the history.', {
      items: [{ name: 'Dish 1', quantity: 100_500 }],
    }),
  ],
};
