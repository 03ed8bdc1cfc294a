export interface Log {
  /** One line, with the time since the start. */
  line(this: void, text: string): void;
  /** Text without a time, for blocks that are read as a whole. */
  block(this: void, text: string): void;
  /**
   * Runs `work` and says what became of it: "<name>: <what it returns, or done>". Work that takes long is announced
   * as "<name>: <doing> …", and again every ten seconds.
   */
  task<Result>(this: void, name: string, doing: string, work: () => Promise<Result>): Promise<Result>;
}

/** Progress for people and for CI logs alike: whole lines, and nothing is drawn over. */
export function createLog(stream: { write(text: string): unknown } = process.stdout, now = Date.now): Log {
  const began = now();
  const line = (text: string): void => {
    stream.write(`[${`${((now() - began) / 1000).toFixed(1)}s`.padStart(7)}] ${text}\n`);
  };
  return {
    line,
    block: (text) => void stream.write(`${text}\n`),
    async task(name, doing, work) {
      const start = now();
      const announce = setTimeout(() => line(`${name}: ${doing} …`), 700);
      const remind = setInterval(() => line(`${name}: ${doing} … (${duration(now() - start)})`), 10_000);
      try {
        const result = await work();
        line(`${name}: ${typeof result === 'string' ? result : 'done'} (${duration(now() - start)})`);
        return result;
      } finally {
        clearTimeout(announce);
        clearInterval(remind);
      }
    },
  };
}

/** @returns a duration as people read it */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 10_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 1000)} s`;
}

/** @returns what was thrown, as text for people */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
