const { setTimeout: delay } = require('node:timers/promises');
const { TestEnvironment } = require('jest-environment-node');

/** What is closed at the end of a suite may take a little to be gone. */
const PATIENCE_MS = 10_000;

/**
 * Whether a suite of this worker has failed. It may not have come to the line that closes what it opened, and what it
 * has begun to open may come up in the next suite. Its own error says more.
 */
let hasFailed = false;

/**
 * A suite fails that leaves something open: a connection, a server, a process, a timer. Where Jest has workers it would
 * end them, and nobody would hear of it.
 */
module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    // A worker opens these when they are first used.
    void [process.stdin, process.stdout, process.stderr];
    this.before = openResources();
  }

  handleTestEvent({ name, test }) {
    if (name === 'hook_failure' || (name === 'test_done' && test.errors.length > 0)) hasFailed = true;
  }

  async teardown() {
    await super.teardown();
    if (hasFailed) return;
    const until = performance.now() + PATIENCE_MS;
    let left = this.leftOpen();
    while (left.length > 0 && performance.now() < until) {
      await delay(20);
      left = this.leftOpen();
    }
    if (left.length > 0) throw new Error(`The suite left something open: ${left.join(', ')}`);
  }

  leftOpen() {
    return [...openResources()]
      .filter(([kind, count]) => count > (this.before.get(kind) ?? 0))
      .map(([kind, count]) => `${count - (this.before.get(kind) ?? 0)} × ${kind}`);
  }
};

/** @returns {Map<string, number>} how many of each kind keep this process from ending */
function openResources() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
