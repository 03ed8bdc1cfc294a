/** What a page shows: loaded, loading, or not to be had. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { get, type ApiError } from './api.js';

export interface FetchState<Body> {
  /** The last that came; kept while a newer one is on its way. */
  readonly value: Body | null;
  readonly error: ApiError | null;
  /** Asks again now. */
  reload(this: void): void;
  set(this: void, value: Body): void;
}

/**
 * @param path - null for nothing
 * @param everyMs - asks again in this interval while the tab is seen; 0 for never
 */
export function useFetch<Body>(path: string | null, everyMs = 0): FetchState<Body> {
  const [value, setValue] = useState<Body | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [round, setRound] = useState(0);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current !== path) setValue(null);
    shown.current = path;
    if (path === null) return;
    const stopping = new AbortController();
    get<Body>(path, stopping.signal).then(
      (body) => {
        setValue(body);
        setError(null);
      },
      (failed: unknown) => !stopping.signal.aborted && setError(failed as ApiError),
    );
    return () => stopping.abort();
  }, [path, round]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  useEffect(() => {
    if (everyMs === 0) return;
    const timer = setInterval(() => document.hidden || reload(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, reload]);
  return { value, error, reload, set: setValue };
}

/** @returns a function that calls `run` once, a moment after the last of many calls. */
export function useThrottled(run: () => void, delayMs: number): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    // Not moved on by later calls: under a steady stream it would never run.
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      latest.current();
    }, delayMs);
  }, [delayMs]);
}

/** @returns the time, which moves every second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
