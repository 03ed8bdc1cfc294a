import { readEvents } from './event-stream.js';

const bytes = new TextEncoder();

function bodyOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

it('reads events wherever they are cut, and hears heartbeats', async () => {
  const whole = bytes.encode(
    ': watching\n\nevent: saga\nid: a:1\ndata: {"step":"größer"}\n\nevent: missed\ndata: {}\n\ndata: {"n":2}\n\n',
  );
  for (let at = 1; at < whole.length; at++) {
    let heard = 0;
    const events: unknown[] = [];
    for await (const event of readEvents(bodyOf(whole.slice(0, at), whole.slice(at)), () => heard++))
      events.push(event);
    expect(events).toEqual([{ step: 'größer' }, null, { n: 2 }]);
    expect(heard).toBe(2);
  }
});

it('closes the connection when nobody reads on', async () => {
  let isClosed = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytes.encode('data: 1\n\n')),
    cancel: () => void (isClosed = true),
  });
  for await (const event of readEvents(body)) {
    expect(event).toBe(1);
    break;
  }
  expect(isClosed).toBe(true);
});
