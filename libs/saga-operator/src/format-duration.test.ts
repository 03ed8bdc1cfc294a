import { formatDuration } from './format-duration.js';

it.each([
  [-5, '0 ms'],
  [340, '340 ms'],
  [2_449, '2.4 s'],
  [12_000, '12 s'],
  [60_000, '1 min'],
  [185_000, '3 min 5 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
])('writes %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
