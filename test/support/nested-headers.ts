/**
 * Headers that are nested without end, as other clients can send them: amqplib, which dies of reading them, would die
 * of writing them too.
 */
import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';

/** The names of headers whose values are sent as what their bytes are. */
const NAMES = { nestedArrays: 'A', nestedTables: 'F' } as const;

/**
 * @returns headers for a message on a connection that was given to {@link sendNested}
 * @param levels - of five bytes each, or seven
 */
export function nestedHeaders(levels: number, name: keyof typeof NAMES = 'nestedArrays'): Record<string, Buffer> {
  const head = Buffer.from(name === 'nestedArrays' ? 'A' : '\u0001kF');
  let size = 0;
  const parts: Buffer[] = [];
  for (let level = 0; level < levels; level++) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(size);
    parts.push(Buffer.concat([head, length]));
    size += head.length + 4;
  }
  return { [name]: Buffer.concat(parts.reverse()) };
}

/** Has a connection send the bytes of {@link nestedHeaders} as arrays in arrays, and tables in tables. */
export function sendNested(connection: ChannelModel): void {
  const { stream } = connection.connection as unknown as { stream: Socket };
  const { write } = stream;
  stream.write = (chunk: Uint8Array | string): boolean => {
    const bytes = Buffer.from(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
    for (const [name, type] of Object.entries(NAMES)) {
      const before = Buffer.from(`${name}x`);
      for (let at = bytes.indexOf(before); at >= 0; at = bytes.indexOf(before, at + 1))
        bytes.write(type, at + name.length);
    }
    return write.call(stream, bytes);
  };
}
