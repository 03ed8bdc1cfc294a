/**
 * Bounds the headers of what comes in before amqplib decodes them: it decodes on arrival and by recursion, so that one
 * message with deeply nested headers would end the connection, again and again, and others cost far more memory than
 * they have bytes. In place of headers that are beyond the bounds, or that amqplib cannot read, stands one that says
 * why.
 *
 * This reaches into amqplib, as {@link TESTED_WITH} is: a connection reads frames by `recvFrame()` off the bytes in
 * `rest`. A test fails when that changes.
 */
import type { ChannelModel } from 'amqplib';
import { UNREADABLE_HEADERS } from '../contract/message.js';
import { CONSTANTS } from '../settings.js';

/** The version of amqplib whose internals are these. */
export const TESTED_WITH = '2.3.1';

interface Internals {
  rest: Buffer;
  recvFrame(): unknown;
}

/** @returns whether the connection is guarded; false when amqplib is another one inside */
export function guardHeaders({ connection }: ChannelModel): boolean {
  const internals = connection as unknown as Internals;
  if (typeof internals.recvFrame !== 'function' || !Buffer.isBuffer(internals.rest)) return false;
  const recvFrame = internals.recvFrame.bind(connection);
  // It calls itself by this name once it has read more.
  internals.recvFrame = () => {
    internals.rest = withReadableHeaders(internals.rest);
    return recvFrame();
  };
  return true;
}

/**
 * A frame: type, channel, size, payload, end. The payload of a header frame: class, weight, size of the body, flags,
 * properties.
 */
const HEADER_FRAME = 2;
const PAYLOAD_AT = 7;
const FLAGS_AT = 19;
const PROPERTIES_AT = 21;
const CONTENT_TYPE = 0x8000;
const CONTENT_ENCODING = 0x4000;
const HEADERS = 0x2000;

/** @param bytes - from the beginning of a frame @returns the same, or with other headers in that frame */
export function withReadableHeaders(bytes: Buffer): Buffer {
  if (bytes.length < PROPERTIES_AT || bytes[0] !== HEADER_FRAME) return bytes;
  const end = PAYLOAD_AT + bytes.readUInt32BE(3);
  if (bytes.length <= end) return bytes;
  const flags = bytes.readUInt16BE(FLAGS_AT);
  if (!(flags & HEADERS)) return bytes;
  let at = PROPERTIES_AT;
  for (const flag of [CONTENT_TYPE, CONTENT_ENCODING]) if (flags & flag) at += 1 + bytes.readUInt8(at);
  const tableEnd = at + 4 + bytes.readUInt32BE(at);
  const problem = problemOf(bytes.subarray(at + 4, tableEnd));
  if (problem === null) return bytes;
  const table = tableOf(UNREADABLE_HEADERS, `The headers cannot be read: ${problem}`);
  const frame = Buffer.concat([bytes.subarray(0, at), table, bytes.subarray(tableEnd, end + 1)]);
  frame.writeUInt32BE(frame.length - PAYLOAD_AT - 1, 3);
  return Buffer.concat([frame, bytes.subarray(end + 1)]);
}

/** @returns an encoded table of one text */
function tableOf(name: string, text: string): Buffer {
  const [key, value] = [Buffer.from(name), Buffer.from(text)];
  const size = Buffer.alloc(4);
  size.writeUInt32BE(value.length);
  const field = Buffer.concat([Buffer.from([key.length]), key, Buffer.from('S'), size, value]);
  const whole = Buffer.alloc(4);
  whole.writeUInt32BE(field.length);
  return Buffer.concat([whole, field]);
}

/** How many bytes a value of each type has, where that is fixed. */
const FIXED: Readonly<Record<string, number>> = {
  ...{ t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, l: 8, f: 4, d: 8, D: 5, T: 8, V: 0 },
};
const MALFORMED = 'they are malformed';

/** Goes through a table without recursion. @returns what keeps it from being decoded, or null */
function problemOf(table: Buffer): string | null {
  const { maxHeaderBytes, maxHeaderDepth, maxHeaderFields } = CONSTANTS;
  if (table.length > maxHeaderBytes) return `they have ${table.length} bytes; ${maxHeaderBytes} are allowed`;
  /** Tables and arrays that have begun and not ended. */
  const open = [{ end: table.length, isTable: true }];
  let fields = 0;
  let at = 0;
  for (let inside = open.at(-1); inside; inside = open.at(-1)) {
    if (at > inside.end) return MALFORMED;
    if (at === inside.end) {
      open.pop();
      continue;
    }
    if (++fields > maxHeaderFields) return `they have more than ${maxHeaderFields} fields`;
    if (inside.isTable) at += 1 + table[at]!;
    const type = String.fromCharCode(table[at++] ?? 0);
    const fixed = FIXED[type];
    if (fixed !== undefined) at += fixed;
    else if (!'SxFA'.includes(type) || at + 4 > table.length) return MALFORMED;
    else {
      const end = at + 4 + table.readUInt32BE(at);
      at += 4;
      if (type === 'S' || type === 'x') at = end;
      else if (end > inside.end) return MALFORMED;
      else if (open.push({ end, isTable: type === 'F' }) > maxHeaderDepth)
        return `they are nested more than ${maxHeaderDepth} levels deep`;
    }
  }
  return null;
}
