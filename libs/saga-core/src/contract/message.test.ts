import { decodeJson, encodeJson, UNREADABLE_HEADERS, whyUnreadable } from './message.js';

it('reads what it writes', () => {
  const value = { text: 'Zürich ✓', list: [1, null] };
  expect(decodeJson(encodeJson(value))).toEqual(value);
});

it.each([
  ['a byte that begins nothing', Buffer.from([0x22, 0xff, 0x22])],
  ['Latin-1', Buffer.from('"Zürich"', 'latin1')],
  ['half a character', Buffer.from([0x22, 0xc3, 0x22])],
  ['a surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ['UTF-16', Buffer.from('"x"', 'utf16le')],
])('takes no body that is not UTF-8: %s', (_what, body) => {
  expect(decodeJson(body)).toBeUndefined();
});

it('tells why headers could not be read', () => {
  expect(whyUnreadable({ headers: { a: 1 } })).toBeNull();
  expect(whyUnreadable({ headers: { [UNREADABLE_HEADERS]: 'nested' } })).toBe('nested');
});
