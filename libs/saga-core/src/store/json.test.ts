import { toJson } from './json.js';

describe('toJson', () => {
  it('keeps ordinary text, also what only looks like an escape', () => {
    for (const text of ['Dish 1', '🍕', String.raw`\u0000`, 'C:\\ud800'])
      expect(JSON.parse(toJson({ text }))).toEqual({ text });
  });

  it('replaces what jsonb refuses, in values and keys', () => {
    expect(JSON.parse(toJson({ 'a\0': ['b\0', '\ud800'] }))).toEqual({ 'a\uFFFD': ['b\uFFFD', '\uFFFD'] });
  });
});
