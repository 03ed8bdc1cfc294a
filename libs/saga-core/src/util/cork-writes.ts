import type { Writable } from 'node:stream';

/**
 * Makes what is written to a stream in one turn go out together. amqplib writes each frame by itself, and pg each
 * statement: a system call and a packet for each of them cost more, here and at the other end, than what is in them.
 */
export function corkWrites(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let corked = false;
  stream.write = (...args: unknown[]): boolean => {
    if (!corked) {
      corked = true;
      stream.cork();
      process.nextTick(() => {
        corked = false;
        stream.uncork();
      });
    }
    return write(...args);
  };
}
