/**
 * Progress for people and for CI logs alike: whole lines, each with the time since the start. Nothing is ever drawn over.
 * @param {{stream?: {write(text: string): unknown}, now?: () => number}} [options]
 */
export function createLog({ stream = process.stdout, now = Date.now } = {}) {
  const began = now();
  const line = (text) => {
    const elapsed = `${((now() - began) / 1000).toFixed(1)}s`;
    stream.write(`[${elapsed.padStart(7)}] ${text}\n`);
  };

  /**
   * Runs `work` and says what became of it: "<name>: <what it returns, or done>". Work that takes long is announced as "<name>: <doing> …",
   * and brought to mind every ten seconds.
   */
  async function task(name, doing, work) {
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
  }

  return {
    line,
    task,
    /** Text without a time, for blocks that are read as a whole. */
    block: (text) => stream.write(`${text}\n`),
  };
}

/** A duration as people read it. */
export function duration(milliseconds) {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 10_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 1000)} s`;
}
