import { uuidv7 } from 'uuidv7';
import { cursorAfter, orderIdOf } from './order-cursor.js';

test('a cursor leads back to its order and shows no id', () => {
  const orderId = uuidv7();
  const cursor = cursorAfter(orderId);
  expect(orderIdOf(cursor)).toBe(orderId);
  expect(cursor).toMatch(/^[\w-]{22}$/);
  expect(cursor).not.toContain(orderId.slice(0, 8));
});

test.each([
  ['empty', ''],
  ['an id', '018f3c2e-7b1a-7000-8000-000000000000'],
  ['too short', cursorAfter(uuidv7()).slice(1)],
  ['too long', `${cursorAfter(uuidv7())}A`],
  ['padded', `${cursorAfter(uuidv7())}==`],
  ['foreign characters', `${cursorAfter(uuidv7())}!`],
  ['surplus bits', `${'A'.repeat(21)}B`],
])('%s is no cursor', (_what, cursor) => {
  expect(orderIdOf(cursor)).toBeNull();
});
