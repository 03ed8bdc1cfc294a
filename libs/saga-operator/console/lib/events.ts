/** Live changes of sagas. Read by fetch, since an EventSource cannot send the token. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SagaSummary } from '../../src/api/schemas/index.js';
import { request } from './api.js';

const AGAIN_MS = 2_000;

/** @returns changes as they come; null where the service has left some out */
async function* eventsOf(response: Response): AsyncGenerator<SagaSummary | null> {
  let rest = '';
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const lines = block.split('\n');
      const data = lines.filter((line) => line.startsWith('data:'));
      if (lines.includes('event: missed')) yield null;
      else if (data.length > 0) yield JSON.parse(data.map((line) => line.slice(5)).join('\n')) as SagaSummary;
    }
  }
}

/**
 * Follows changes while the component is shown, and begins again when the connection is lost.
 *
 * @param path - `sagas/events` with its filters
 * @param onChange - gets each change; null once a connection stands (again), and where the service left some out: what happened was not told
 * @returns whether changes come now
 */
export function useEvents(path: string, onChange: (saga: SagaSummary | null) => void): boolean {
  const [live, setLive] = useState(false);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    const stopping = new AbortController();
    const { signal } = stopping;
    const isOver = () => signal.aborted;
    const follow = async (): Promise<void> => {
      while (!isOver()) {
        try {
          const response = await request(path, { signal, headers: { accept: 'text/event-stream' } });
          setLive(true);
          latest.current(null);
          for await (const saga of eventsOf(response)) latest.current(saga);
        } catch {
          // Whatever it was: again soon.
        }
        if (isOver()) return;
        setLive(false);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    };
    void follow();
    return () => stopping.abort();
  }, [path]);
  return live;
}
