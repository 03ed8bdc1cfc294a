/**
 * The one thing that a service's main.ts imports before all else. It imports nothing itself: loading a service takes a second, and as the first process
 * of a container it would not hear a signal that nobody listens for.
 */

/** Ends a process that has opened nothing yet; beginLifetime replaces it. */
export function endAtOnce(): never {
  process.exit(0);
}

/**
 * Loads a service and runs it, so that SIGTERM and SIGINT are heard from the first moment on.
 *
 * @param load - imports the module that runs the service
 */
export async function main(load: () => Promise<{ run(): Promise<void> }>): Promise<void> {
  process.once('SIGTERM', endAtOnce).once('SIGINT', endAtOnce);
  const service = await load();
  await service.run();
}
