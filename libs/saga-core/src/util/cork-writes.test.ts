import { Writable } from 'node:stream';
import { corkWrites } from './cork-writes.js';

test('what is written in one turn goes out together, and what comes later is not held back', async () => {
  const packets: string[][] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => (packets.push([chunk.toString()]), done()),
    writev: (chunks, done) => (packets.push(chunks.map(({ chunk }) => (chunk as Buffer).toString())), done()),
  });
  corkWrites(stream);
  stream.write('a');
  stream.write('b');
  expect(packets).toEqual([]);
  await new Promise(setImmediate);
  stream.write('c');
  await new Promise(setImmediate);
  expect(packets).toEqual([['a', 'b'], ['c']]);
});
