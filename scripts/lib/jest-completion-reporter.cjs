const WAIT_MS = 15_000;

/**
 * When tests leave something open (a connection, a server) Jest waits for it, for ever. Such a run ends here after a
 * while, and has failed. Jest loads reporters with require, so this file is CommonJS.
 */
module.exports = class JestCompletionReporter {
  onRunComplete() {
    // A timer that keeps nothing alive: it rings only where something else does.
    setTimeout(() => {
      console.error(
        'Jest does not end: a test left something open (npm test -- --detectOpenHandles shows what). The run has failed.',
      );
      process.exit(1);
    }, WAIT_MS).unref();
  }
};
