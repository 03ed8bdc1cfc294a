/**
 * The one thing that a service's main.ts imports before all else. It imports nothing else itself: loading a service
 * takes a second, and as the first process of a container it would not hear a signal that nobody listens for.
 */
import { setFlagsFromString } from 'node:v8';

/**
 * How much the heap may grow over what was in use after a collection, before the next one. Left to itself V8 lets it
 * grow up to fourfold under load, and most of a service's memory is garbage then. Less costs more time for collecting;
 * so much costs none that can be measured: see bench/README.md.
 */
const HEAP_GROWTH_PERCENT = 80;

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
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  process.once('SIGTERM', endAtOnce).once('SIGINT', endAtOnce);
  const service = await load();
  await service.run();
}
