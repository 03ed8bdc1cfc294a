import { usageOf } from './processes.mjs';

const EVERY_MS = 500;
const PARTS = 10;

/**
 * Watches the memory of processes, until `stop` is called.
 * @param {Record<string, number>} pids by name
 * @returns {{stop(): Record<string, number[]>}} `stop` gives for each process its mean resident memory in each tenth of the time, in MiB
 */
export function watchMemory(pids) {
  const samples = Object.fromEntries(Object.keys(pids).map((name) => [name, []]));
  const timer = setInterval(() => {
    for (const [name, pid] of Object.entries(pids)) samples[name].push(usageOf(pid).residentBytes / 2 ** 20);
  }, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, tenthsOf(values)]));
    },
  };
}

function tenthsOf(values) {
  return Array.from({ length: PARTS }, (_, part) => {
    const [from, to] = [part, part + 1].map((border) => Math.round((border * values.length) / PARTS));
    const some = values.slice(from, to);
    return some.reduce((sum, value) => sum + value, 0) / some.length;
  }).filter((mean) => !Number.isNaN(mean));
}
