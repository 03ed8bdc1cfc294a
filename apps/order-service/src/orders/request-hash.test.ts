import { canonicalJson, requestHash } from './request-hash.js';

test('canonical JSON sorts properties at every depth and leaves lists alone', () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }, 2], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1},2]}');
});

test('white space, the order of properties and the spelling of numbers make no difference', () => {
  const one = JSON.parse('{"price":2000,"items":[{"name":"Dish 1","quantity":2}]}') as unknown;
  const two = JSON.parse('{ "items": [ {"quantity":2.0, "name":"Dish\\u00201"} ], "price":2e3 }') as unknown;
  expect(requestHash(one)).toBe(requestHash(two));
});

test.each([
  ['a value', { a: 2 }],
  ['a type', { a: '1' }],
  ['a property more', { a: 1, b: null }],
  ['a list', [1]],
])('%s makes a difference', (_what, other) => {
  expect(requestHash(other)).not.toBe(requestHash({ a: 1 }));
});

test('the order of a list makes a difference', () => {
  expect(requestHash([1, 2])).not.toBe(requestHash([2, 1]));
});
