const PHASES = ['tests', 'services', 'rabbitmq', 'postgres', 'last'];

// npm passes a Ctrl-C on to a child that the terminal has signalled already: one key press can arrive twice.
const ONE_KEY_PRESS_MS = 1_500;

/** Why the signal of a lifetime is aborted when somebody asked to stop; anything else is a failure. */
export class StopRequested extends Error {}

/**
 * What a command owns while it runs: a signal that says "stop", and what to undo at the end, phase by phase: services before the
 * broker and the database that they use.
 *
 * @param {{onStop?: () => void, force: () => void}} options `onStop` is told of the first request, `force` is run for the second
 */
export function createLifetime({ onStop, force }) {
  const controller = new AbortController();
  const undo = new Map(PHASES.map((phase) => [phase, []]));

  let askedAt;
  const ask = (name) => {
    if (askedAt === undefined) {
      askedAt = Date.now();
      onStop?.();
      controller.abort(new StopRequested(name));
    } else if (Date.now() - askedAt > ONE_KEY_PRESS_MS) {
      force();
    }
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => ask(name));
  // Ctrl-\ asks for an end at once, but one that leaves nothing behind.
  process.on('SIGQUIT', force);
  if (process.env.npm_lifecycle_event !== undefined) whenParentIsGone(() => ask('npm has ended'));
  // Whatever goes wrong, what was started is stopped first.
  process.on('uncaughtException', (error) => controller.abort(error));
  // A terminal that is gone must not take the stop with it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

  return {
    signal: controller.signal,
    fail: (error) => controller.abort(error),

    /** @param {'tests' | 'services' | 'rabbitmq' | 'postgres' | 'last'} phase */
    defer: (phase, stop) => undo.get(phase).push(stop),

    /** Resolves when the lifetime is over. */
    ended: () =>
      new Promise((resolve) => {
        if (controller.signal.aborted) resolve();
        else controller.signal.addEventListener('abort', () => resolve(), { once: true });
      }),

    /** Runs works side by side; the first failure stops the others, and is thrown after all have come to rest. */
    async together(...works) {
      const failing = async (work) => {
        try {
          return await work();
        } catch (error) {
          controller.abort(error);
          throw error;
        }
      };
      const results = await Promise.allSettled(works.map(failing));
      controller.signal.throwIfAborted();
      return results.map((result) => result.value);
    },

    /** Undoes everything; what fails is reported and does not keep the rest from being undone. */
    async close(report) {
      for (const phase of PHASES) {
        const results = await Promise.allSettled(undo.get(phase).map((stop) => stop()));
        for (const result of results) if (result.status === 'rejected') report(result.reason);
      }
    },
  };
}

/** npm that is killed cannot pass that on, and what it started would run on unseen. */
function whenParentIsGone(react) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    react();
  }, 1_000);
  timer.unref();
}
