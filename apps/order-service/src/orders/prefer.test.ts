import { parsePrefer, preferredWait } from './prefer.js';

describe('preferredWait', () => {
  test.each([
    ['wait=5', 5],
    ['WAIT=5', 5],
    ['wait = 5', 5],
    ['wait="5"', 5],
    ['wait=0', 0],
    ['wait=5; note="until the end"', 5],
    ['respond-async, wait=10', 10],
    ['handling=lenient , wait=7, return=minimal', 7],
    ['foo="a, wait=1", wait=2', 2],
    ['foo="a\\", wait=1", wait=2', 2],
    ['foo; wait=1, wait=2', 2],
    ['wait=3, wait=9', 3],
    ['wait=3600', 60],
    ['wait=99999999999999999999999', 60],
  ])('%s asks for %d s', (header, seconds) => {
    expect(preferredWait(header)).toBe(seconds);
  });

  test.each([
    undefined,
    '',
    ',,',
    'wait',
    'wait=',
    'wait=soon',
    'wait=-1',
    'wait=1.5',
    'wait=1e3',
    'await=5',
    'foo="wait=5',
    'foo="a, wait=5"',
  ])('%s asks for no wait', (header) => {
    expect(preferredWait(header)).toBeNull();
  });

  test('a hostile header costs linear time', () => {
    const start = performance.now();
    expect(preferredWait('"\\"'.repeat(200_000))).toBeNull();
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe('parsePrefer', () => {
  test('keeps names in lower case, values as written, and the first of two', () => {
    expect([...parsePrefer('Foo="a \\"b\\""; p=1, bar, foo=2, =x')]).toEqual([
      ['foo', 'a "b"'],
      ['bar', ''],
    ]);
  });
});
