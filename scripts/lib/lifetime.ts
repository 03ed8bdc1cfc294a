const PHASES = ['tests', 'services', 'rabbitmq', 'postgres', 'last'] as const;
export type Phase = (typeof PHASES)[number];

// npm passes a Ctrl-C on to a child that the terminal has signalled already: one key press can arrive twice.
const ONE_KEY_PRESS_MS = 1_500;

/** Why the signal of a lifetime is aborted when somebody asked to stop; anything else is a failure. */
export class StopRequested extends Error {}

/**
 * What a command owns while it runs: a signal that says "stop", and what to undo at the end, phase by phase: services
 * before the broker and the database that they use.
 */
export class Lifetime {
  readonly #controller = new AbortController();
  readonly #undo = new Map<Phase, (() => Promise<unknown> | void)[]>(PHASES.map((phase) => [phase, []]));

  /** @param options - `onStop` is told of the first request, `force` is run for the second */
  constructor({ onStop, force }: { onStop?: () => void; force: () => void }) {
    let askedAt: number | undefined;
    const ask = (name: string): void => {
      if (askedAt !== undefined) {
        if (Date.now() - askedAt > ONE_KEY_PRESS_MS) force();
        return;
      }
      askedAt = Date.now();
      onStop?.();
      this.fail(new StopRequested(name));
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, ask);
    // Ctrl-\ asks for an end at once, but one that leaves nothing behind.
    process.on('SIGQUIT', force);
    if (process.env.npm_lifecycle_event !== undefined) whenParentIsGone(() => ask('npm has ended'));
    // Whatever goes wrong, what was started is stopped first.
    process.on('uncaughtException', (error) => this.fail(error));
    // A terminal that is gone must not take the stop with it.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the lifetime. */
  fail(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Has something undone at the end. */
  defer(phase: Phase, undo: () => Promise<unknown> | void): void {
    this.#undo.get(phase)!.push(undo);
  }

  /** Resolves when the lifetime is over. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Runs works side by side; the first failure stops the others, and is thrown after all have come to rest. */
  async together<const Works extends readonly (() => unknown)[]>(
    works: Works,
  ): Promise<{ -readonly [Index in keyof Works]: Awaited<ReturnType<Works[Index]>> }> {
    const failing = async (work: () => unknown): Promise<unknown> => {
      try {
        return await work();
      } catch (error) {
        this.fail(error);
        throw error;
      }
    };
    const results = await Promise.allSettled(works.map(failing));
    this.signal.throwIfAborted();
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as never;
  }

  /** Undoes everything; what fails is reported and does not keep the rest from being undone. */
  async close(report: (error: Error) => void): Promise<void> {
    for (const phase of PHASES) {
      const results = await Promise.allSettled(this.#undo.get(phase)!.map(async (undo) => undo()));
      for (const result of results) if (result.status === 'rejected') report(result.reason as Error);
    }
  }
}

/** npm that is killed cannot pass that on, and what it started would run on unseen. */
function whenParentIsGone(react: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    react();
  }, 1_000);
  timer.unref();
}
