import fc from 'fast-check';
import { abridged, cut, hasLength } from './text.js';

const text = fc.string({ unit: fc.constantFrom('a', 'é', '…', '😀', '👩‍🍳') });

test('what is cut has at most so many characters, whole ones, and is where the text begins', () => {
  fc.assert(
    fc.property(text, fc.nat(30), (whole, most) => {
      expect(cut(whole, most)).toBe([...whole].slice(0, most).join(''));
    }),
  );
});

test('what is abridged says so, within the same length', () => {
  expect(abridged('😀😀😀', 3)).toBe('😀😀😀');
  expect(abridged('😀😀😀', 2)).toBe('😀…');
});

test('length is counted in characters', () => {
  fc.assert(
    fc.property(text, fc.nat(30), fc.nat(30), (whole, least, most) => {
      const { length } = [...whole];
      expect(hasLength(whole, least, most)).toBe(length >= least && length <= most);
    }),
  );
  expect(hasLength('😀', 0, Infinity)).toBe(true);
});
