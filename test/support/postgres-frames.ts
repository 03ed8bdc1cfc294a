/** The messages of PostgreSQL's protocol, cut out of a stream of bytes. */

export interface Frame {
  /** The letter that says what it is; empty for what a client sends first, which has none. */
  readonly type: string;
  /** The whole message, as it goes over the wire. */
  readonly bytes: Buffer;
  /** @returns the texts at its beginning, each ended by a zero byte */
  texts(): string[];
}

/**
 * @param startsUntyped - true for the client's side, whose first message has no letter
 * @returns a function that takes bytes as they come and gives the messages which are complete by now
 */
export function frameReader(startsUntyped: boolean): (data: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  let untyped = startsUntyped;
  return (data) => {
    rest = Buffer.concat([rest, data]);
    const frames: Frame[] = [];
    for (;;) {
      const header = untyped ? 4 : 5;
      if (rest.length < header) return frames;
      // The length counts itself, and not the letter.
      const size = rest.readUInt32BE(header - 4) + header - 4;
      if (rest.length < size) return frames;
      frames.push(frame(untyped ? '' : String.fromCharCode(rest[0]!), rest.subarray(0, size), header));
      rest = rest.subarray(size);
      untyped = false;
    }
  };
}

/** @returns a simple query as a message */
export function queryFrame(text: string): Buffer {
  const bytes = Buffer.alloc(5 + Buffer.byteLength(text) + 1);
  bytes.write('Q', 0);
  bytes.writeUInt32BE(bytes.length - 1, 1);
  bytes.write(text, 5);
  return bytes;
}

function frame(type: string, bytes: Buffer, header: number): Frame {
  return { type, bytes, texts: () => bytes.toString('utf8', header).split('\0') };
}
