import { asSaved, asSavedInJsonb, frozen, storableText } from './as-saved.js';

const date = new Date(0);
class Money {
  readonly cents = 5;
  readonly of = { at: date };
}

test.each<[string, unknown]>([
  ['plain values', { text: 'a', number: 1.5, yes: true, none: null, list: [1, [2], { three: 3 }] }],
  ['what JSON leaves out', { gone: undefined, done: () => 1, mark: Symbol('x'), list: [undefined, () => 1] }],
  ['numbers that JSON does not have', { list: [NaN, Infinity, -0, 1e21] }],
  ['a date, also at the top', date],
  ['what says itself what it is', { amount: { toJSON: () => ({ at: date }) } }],
  ['an object of a class, a map, a boxed number', { money: new Money(), map: new Map([[1, 2]]), boxed: new Number(3) }],
  ['a buffer', { bytes: Buffer.from('a') }],
  ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ['a list with holes', { list: [1, , 3] }], // eslint-disable-line no-sparse-arrays -- that is the case
  ['a member of a special name', JSON.parse('{"__proto__": {"a": 1}, "b": 2}')],
  ['nothing', undefined],
])('%s becomes what JSON makes of it', (_what, value) => {
  const text = JSON.stringify(value) as string | undefined;
  const expected = text === undefined ? undefined : (JSON.parse(text) as unknown);
  for (const make of [asSaved, asSavedInJsonb]) {
    const saved = make(value);
    expect(saved).toStrictEqual(expected);
    expect(JSON.stringify(make(saved))).toEqual(JSON.stringify(saved));
  }
  expect(JSON.stringify(asSaved(value))).toBe(text);
});

test('what JSON cannot say is an error', () => {
  const ring: Record<string, unknown> = {};
  ring.ring = ring;
  const broken = { toJSON: () => JSON.parse('{') as unknown };
  for (const value of [{ big: 1n }, ring, [ring], { broken }]) expect(() => asSaved(value)).toThrow();
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  expect(() => asSaved(nested(101))).toThrow('nested too deeply');
  expect(asSaved(nested(100))).toEqual(nested(100));
});

test('text is as PostgreSQL can store it, in names as well', () => {
  expect(asSaved({ 'a\0': 'b\0\ud800', c: 'naïve 🍕' })).toEqual({ 'a\uFFFD': 'b\uFFFD\uFFFD', c: 'naïve 🍕' });
  expect(storableText('\udc00x')).toBe('\uFFFDx');
});

test('members are ordered as jsonb has them, and only there', () => {
  const value = { bb: { z: 1, y: 1 }, c: 1, ä: 1, a: 1 };
  expect(JSON.stringify(asSaved(value))).toBe('{"bb":{"z":1,"y":1},"c":1,"ä":1,"a":1}');
  expect(JSON.stringify(asSavedInJsonb(value))).toBe('{"a":1,"c":1,"bb":{"y":1,"z":1},"ä":1}');
});

test('the copy is frozen and nobody else can change it; what was given stays as it was', () => {
  const given = { order: { lines: [1] } };
  const saved = asSaved(given);
  given.order.lines.push(2);
  expect(saved).toEqual({ order: { lines: [1] } });
  expect(() => saved.order.lines.push(3)).toThrow(TypeError);
  const read = frozen({ order: { lines: [1] }, none: null });
  expect(() => (read.order.lines[0] = 2)).toThrow(TypeError);
});
