/** What processes use, from Linux's /proc. */
import fs from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ, which Linux fixes for /proc

/** What a process has used. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly peakBytes: number;
}

/** @returns what a process and its children that live now use, with the CPU time of the children that have ended */
export function usageOf(pid: number): Usage {
  let [ticks, residentBytes, peakBytes] = [0, 0, 0];
  for (const member of withChildren(pid)) {
    const fields = statOf(member);
    if (!fields) continue;
    ticks += [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    const status = read(`/proc/${member}/status`) ?? '';
    residentBytes += bytesIn(status, 'VmRSS');
    peakBytes += bytesIn(status, 'VmHWM');
  }
  return { cpuSeconds: ticks / TICKS_PER_SECOND, residentBytes, peakBytes };
}

/** @returns the CPU seconds that the whole machine has spent, idle time not counted */
export function machineCpuSeconds(): number {
  const [first = ''] = (read('/proc/stat') ?? '').split('\n');
  const [, user, nice, system, , , irq, softirq, steal] = first.split(/\s+/).map(Number);
  const ticks = [user, nice, system, irq, softirq, steal].reduce<number>((sum, value = 0) => sum + value, 0);
  return ticks / TICKS_PER_SECOND;
}

function withChildren(pid: number): number[] {
  const found = [pid];
  for (const parent of found) {
    for (const task of list(`/proc/${parent}/task`)) {
      const children = read(`/proc/${parent}/task/${task}/children`) ?? '';
      found.push(...children.split(' ').filter(Boolean).map(Number));
    }
  }
  return found;
}

/** The command's name, in parentheses, may hold spaces: the fields are counted from after it, as [0] for "state". */
function statOf(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

const bytesIn = (status: string, name: string): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined; // it has ended
  }
}

function list(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}
