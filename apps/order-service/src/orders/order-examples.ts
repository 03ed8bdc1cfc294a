/** What the OpenAPI document shows. */
import { HttpProblem, PROBLEMS } from 'service-kit';
import type { NewOrder, Order } from './order-schemas.js';

export const ORDER_ID = '019c1f2e-7b1a-7c4d-9e5f-0123456789ab';

export const newOrder: NewOrder = {
  consumerId: 70,
  restaurantId: 1,
  cardId: 1,
  price: 2000,
  items: [{ name: 'Dish 1', quantity: 2 }],
};

export const pendingOrder: Order = {
  id: ORDER_ID,
  status: 'APPROVAL_PENDING',
  ...newOrder,
  ticketId: null,
  authorizationId: null,
  rejection: null,
  sagaId: '019c1f2e-7b1a-7c4d-9e5f-ba9876543210',
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
};

export const approvedOrder: Order = {
  ...pendingOrder,
  status: 'APPROVED',
  ticketId: '019c1f2e-7b3c-7a10-8d21-3f0c8a1f9d11',
  authorizationId: '019c1f2e-7b4f-7b22-9c32-9a3d2c7e4f10',
  updatedAt: '2026-01-31T12:00:00.080Z',
};

const message = 'Expected integer to be greater or equal to 1';

export const invalidOrder = new HttpProblem(PROBLEMS.invalidRequest, `price: ${message}; tip: Unexpected property`, {
  errors: [
    { name: 'price', path: 'body/price', message },
    { name: 'tip', path: 'body/tip', message: 'Unexpected property' },
  ],
});

export const invalidQuery = new HttpProblem(PROBLEMS.invalidRequest, `limit: ${message}`, {
  errors: [{ name: 'limit', path: 'querystring/limit', message }],
});

export const noSuchOrder = new HttpProblem(PROBLEMS.notFound, `There is no order ${ORDER_ID}.`);
