import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { TESTED_WITH, withReadableHeaders } from './guard-headers.js';

/** The inside of amqplib, which its exports keep to themselves. */
const amqplib = path.dirname(createRequire(__filename).resolve('amqplib'));
// eslint-disable-next-line @typescript-eslint/no-require-imports -- it is not exported
const defs = require(path.join(amqplib, 'lib/defs.js')) as {
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
  decode(id: number, bytes: Buffer): { headers: Record<string, unknown>; correlationId: string };
};
const BASIC = 60;
const WHY = 'x-unreadable-headers';

const frameOf = (headers: object, more: object = {}) =>
  defs.encodeProperties(BASIC, 1, 5, { contentType: 'application/json', headers, correlationId: 'c1', ...more });
const decoded = (frame: Buffer) => defs.decode(BASIC, frame.subarray(19, -1));
const nested = (levels: number): unknown => Array.from({ length: levels }).reduce((inner) => [inner], 1);
const other = Buffer.from([3, 0, 1, 0, 0, 0, 1, 65, 0xce]);

it('is meant for the amqplib that is installed', () => {
  const { version } = JSON.parse(readFileSync(path.join(amqplib, 'package.json'), 'utf8')) as { version: string };
  expect(TESTED_WITH).toBe(version);
});

it.each([
  [
    'of every type',
    { a: 'x', b: 1, c: -1e300 * 0, d: [1, { e: [true, null] }], f: Buffer.from('x'), g: 0.5, h: 2 ** 40 },
  ],
  ['none', {}],
  ['as many bytes as are allowed', { a: 'x'.repeat(65_400) }],
])('leaves headers alone that are within bounds: %s', (_what, headers) => {
  const bytes = Buffer.concat([frameOf(headers), other]);
  expect(withReadableHeaders(bytes)).toBe(bytes);
});

it.each([
  ['nested', { deep: nested(20), long: 'x' }, /nested more than 16 levels/],
  [
    'many',
    Object.fromEntries(Array.from({ length: 1_001 }, (_, number) => [`h${number}`, 1])),
    /more than 1000 fields/,
  ],
])('puts the reason in place of headers that are too %s, and keeps all else', (_what, headers, reason) => {
  const bytes = withReadableHeaders(Buffer.concat([frameOf(headers, { contentEncoding: 'gzip' }), other]));
  const end = 8 + bytes.readUInt32BE(3);
  expect(bytes.subarray(end)).toEqual(other);
  expect(bytes[end - 1]).toBe(0xce);
  const { headers: instead, correlationId } = decoded(bytes.subarray(0, end));
  expect(instead).toEqual({ [WHY]: expect.stringMatching(reason) });
  expect(correlationId).toBe('c1');
});

it('knows what is malformed', () => {
  const frame = frameOf({ key: 'value' });
  // Another type than there is; a text that is longer than the table.
  for (const [find, write] of [
    ['S\0\0\0', 'Z\0\0\0'],
    ['S\0\0\0', 'S\0\x7f\0'],
  ] as const) {
    const broken = Buffer.from(frame);
    broken.write(write, broken.indexOf(find), 'latin1');
    const bytes = withReadableHeaders(broken);
    expect(decoded(bytes).headers).toEqual({ [WHY]: expect.stringMatching(/malformed/) });
  }
});

it('waits for the rest of a frame, and looks at no other', () => {
  const frame = frameOf({ deep: nested(20) });
  for (const bytes of [Buffer.alloc(0), frame.subarray(0, 10), frame.subarray(0, -1), other])
    expect(withReadableHeaders(bytes)).toBe(bytes);
});
