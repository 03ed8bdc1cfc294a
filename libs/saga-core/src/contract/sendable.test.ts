import { createRequire } from 'node:module';
import path from 'node:path';
import * as fc from 'fast-check';
import { isWritable, whyUnsendable } from './sendable.js';

const amqplib = path.dirname(createRequire(__filename).resolve('amqplib'));
// eslint-disable-next-line @typescript-eslint/no-require-imports -- it is not exported
const { encodeProperties } = require(path.join(amqplib, 'lib/defs.js')) as {
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
};
const encodes = (headers: object): boolean => {
  try {
    encodeProperties(60, 1, 0, { headers });
    return true;
  } catch {
    return false;
  }
};
const message = (headers: Record<string, string | number>, changes = {}) => ({
  ...{ exchange: 'saga.dead', routingKey: 'hotel.commands', headers, body: Buffer.from('{}'), ...changes },
});
const MAX = 131_072;

it.each([NaN, -Infinity, -1e300, 2 ** 50 + 0.5, -(2 ** 51) - 0.5])('knows that %d cannot be written', (value) => {
  expect([isWritable(value), encodes({ value })]).toEqual([false, false]);
});

it('judges numbers as amqplib does', () => {
  const numbers = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(Number),
    fc.constantFrom(2 ** 63, -(2 ** 63), Infinity, -0),
  );
  fc.assert(fc.property(numbers, (value) => isWritable(value) === encodes({ value })));
});

it.each<[string, ReturnType<typeof message>, number, RegExp]>([
  ['a number', message({ a: NaN }), MAX, /number that cannot be written/],
  ['a long name', message({ ['k'.repeat(256)]: 1 }), MAX, /name of a header/],
  ['a name that is long in UTF-8', message({ ['\ufffd'.repeat(90)]: 1 }), MAX, /name of a header/],
  ['too many bytes for amqplib', message({ a: 'x'.repeat(65_536) }), MAX, /65\d\d\d bytes/],
  ['too many bytes for the frame', message({ a: 'x'.repeat(5_000) }), 4_096, /3486 fit/],
  ['a long property', message({}, { correlationId: 'c'.repeat(256) }), MAX, /255 bytes/],
  ['a long routing key', message({}, { routingKey: 'c'.repeat(256) }), MAX, /255 bytes/],
])('tells why a message cannot be written: %s', (_what, unsendable, frameMax, reason) => {
  expect(whyUnsendable(unsendable, frameMax)).toMatch(reason);
});

it('lets through what fits', () => {
  const headers = { a: 'x'.repeat(60_000), b: 1, c: -0.5 };
  expect([whyUnsendable(message(headers), MAX), encodes(headers)]).toEqual([null, true]);
});
