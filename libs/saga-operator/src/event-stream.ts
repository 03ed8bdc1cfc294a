/** Reads the server-sent events of `GET /sagas/events`: for the command line and for the console. */
import { createParser, type EventSourceMessage } from 'eventsource-parser';

/**
 * @param body - of the response
 * @param onActivity - called for all that comes, heartbeats too
 * @returns the data of each event; null where the service has left some out
 */
export async function* readEvents<Data>(
  body: ReadableStream<Uint8Array>,
  onActivity: () => void = () => undefined,
): AsyncGenerator<Data | null, void> {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => void events.push(event) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onActivity();
      parser.feed(decoder.decode(value, { stream: true }));
      for (const { event, data } of events.splice(0)) yield event === 'missed' ? null : (JSON.parse(data) as Data);
    }
  } finally {
    // Whoever stops reading closes the connection.
    await reader.cancel().catch(() => undefined);
  }
}
