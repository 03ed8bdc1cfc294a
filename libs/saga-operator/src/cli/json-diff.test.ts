import { diffJson } from './json-diff.js';

it('tells where two payloads differ, as deep as it lies', () => {
  const before = { id: 'a', items: [{ name: 'Dish', quantity: 2 }], note: null, gone: [1] };
  const after = { id: 'a', items: [{ name: 'Dish', quantity: 3 }, { name: 'Soup' }], note: {}, more: true };
  expect(diffJson(before, after)).toEqual([
    { path: 'items.0.quantity', before: 2, after: 3 },
    { path: 'items.1', before: undefined, after: { name: 'Soup' } },
    { path: 'note', before: null, after: {} },
    { path: 'gone', before: [1], after: undefined },
    { path: 'more', before: undefined, after: true },
  ]);
});

it('tells a list from an object, and finds nothing where nothing differs', () => {
  expect(diffJson([1], { 0: 1 })).toEqual([{ path: '(whole)', before: [1], after: { 0: 1 } }]);
  expect(diffJson({ a: [{ b: 1 }] }, { a: [{ b: 1 }] })).toEqual([]);
});
