import type { TProperties } from '@sinclair/typebox';
import { isValid, problemsOf, type CommandContract } from 'saga-core';
import { accountingService, restaurantService, serviceContracts } from './index.js';

const { authorizeCard } = accountingService.commands;
const { createTicket, rejectTicket } = restaurantService.commands;
const orderId = '0190b0a0-0000-7000-8000-000000000001';
const ticket = { orderId, restaurantId: 1, items: [{ name: 'Dish 1', quantity: 2 }] };
const payment = { orderId, consumerId: 70, cardId: 1, amount: 2000 };

const commands = serviceContracts.flatMap((service) => Object.values<CommandContract>(service.commands));

describe('the contracts', () => {
  it('name each task after its service and its key', () => {
    const snakeCase = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    for (const { name, commands } of serviceContracts)
      for (const [key, { task }] of Object.entries<CommandContract>(commands))
        expect(task).toBe(`${name}.${snakeCase(key)}`);
    expect(commands.map(({ task }) => task)).toContain('restaurant_service.create_ticket');
  });

  it('describe every field of every payload and reply', () => {
    for (const { task, payload, reply } of commands) {
      const fields = { ...payload.properties, ...reply.properties } as TProperties;
      for (const [name, { description }] of Object.entries(fields))
        expect({ task, name, description }).toMatchObject({ description: expect.any(String) as string });
    }
  });

  it('accept what fits', () => {
    expect(problemsOf(createTicket.payload, ticket)).toEqual([]);
    expect(problemsOf(createTicket.payload, { ...ticket, items: [{ name: 'Dish 1', quantity: 10_000 }] })).toEqual([]);
    expect(problemsOf(authorizeCard.payload, payment)).toEqual([]);
    expect(problemsOf(rejectTicket.payload, { orderId, actionId: `${orderId}:3` })).toEqual([]);
  });

  it.each([
    ['an order id that is no UUID', { ...ticket, orderId: '17' }],
    [
      'an order id in capitals, which PostgreSQL would answer in small letters',
      { ...ticket, orderId: orderId.toUpperCase() },
    ],
    ['an id of zero', { ...ticket, restaurantId: 0 }],
    ['an id beyond four bytes', { ...ticket, restaurantId: 2_147_483_648 }],
    ['an order of nothing', { ...ticket, items: [] }],
    ['none of a dish', { ...ticket, items: [{ name: 'Dish 1', quantity: 0 }] }],
    ['more of a dish than an order may have', { ...ticket, items: [{ name: 'Dish 1', quantity: 10_001 }] }],
    ['a dish without a name', { ...ticket, items: [{ name: '', quantity: 1 }] }],
  ])('refuse %s', (_case, payload) => {
    expect(isValid(createTicket.payload, payload)).toBe(false);
  });

  it.each([0, -1, 19.99, 2_147_483_648, '2000'])('refuse %p as an amount', (amount) => {
    expect(isValid(authorizeCard.payload, { ...payment, amount })).toBe(false);
  });

  it('refuse an undo that does not name its action', () => {
    expect(problemsOf(rejectTicket.payload, { orderId })).toMatchObject([{ path: '/actionId' }]);
  });
});
