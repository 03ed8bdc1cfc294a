import { usageOf } from './processes.js';

const EVERY_MS = 500;
const PARTS = 10;

/**
 * Watches the memory of processes, until `stop` is called.
 *
 * @param pids - by name
 * @returns `stop` gives for each process its mean resident memory in each tenth of the time, in MiB
 */
export function watchMemory(pids: Readonly<Record<string, number>>): { stop(): Record<string, number[]> } {
  const watched = Object.entries(pids).map(([name, pid]) => ({ name, pid, samples: [] as number[] }));
  const timer = setInterval(() => {
    for (const { pid, samples } of watched) samples.push(usageOf(pid).residentBytes / 2 ** 20);
  }, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return Object.fromEntries(watched.map(({ name, samples }) => [name, tenthsOf(samples)]));
    },
  };
}

function tenthsOf(values: readonly number[]): number[] {
  const borderOf = (part: number) => Math.round((part * values.length) / PARTS);
  return Array.from({ length: PARTS }, (_, part) => {
    const some = values.slice(borderOf(part), borderOf(part + 1));
    return some.reduce((sum, value) => sum + value, 0) / some.length;
  }).filter((mean) => !Number.isNaN(mean));
}
