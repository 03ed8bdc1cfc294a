/** Live changes of sagas. Read by fetch, since an EventSource cannot send the token. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SagaSummary } from '../../src/api/schemas/index.js';
import { readEvents } from '../../src/event-stream.js';
import { request } from './api.js';

const AGAIN_MS = 2_000;

/**
 * Follows changes while the component is shown, and begins again when the connection is lost.
 *
 * @param path - `sagas/events` with its filters
 * @param onChange - gets each change; null once a connection stands (again), and where the service left some out:
 * what happened was not told
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
          for await (const saga of readEvents<SagaSummary>(response.body!)) latest.current(saga);
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
