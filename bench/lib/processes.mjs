import fs from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ, which Linux fixes for /proc

/**
 * What a process and its children have used, from /proc.
 * @param {number} pid
 * @returns {{cpuSeconds: number, residentBytes: number, peakBytes: number}} of those that live now, and for CPU of the children that ended too
 */
export function usageOf(pid) {
  const usage = { cpuSeconds: 0, residentBytes: 0, peakBytes: 0 };
  for (const member of withChildren(pid)) {
    const fields = statOf(member);
    if (!fields) continue;
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    usage.cpuSeconds += ticks / TICKS_PER_SECOND;
    const status = read(`/proc/${member}/status`) ?? '';
    usage.residentBytes += kilobytes(status, 'VmRSS');
    usage.peakBytes += kilobytes(status, 'VmHWM');
  }
  return usage;
}

/** @returns {number} the CPU seconds that the whole machine has spent, idle time not counted */
export function machineCpuSeconds() {
  const [, user, nice, system, , , irq, softirq, steal] = read('/proc/stat').split('\n')[0].split(/\s+/).map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

function withChildren(pid) {
  const found = [pid];
  for (const parent of found) {
    for (const task of list(`/proc/${parent}/task`))
      found.push(...(read(`/proc/${parent}/task/${task}/children`) ?? '').split(' ').filter(Boolean).map(Number));
  }
  return found;
}

// The command's name, in parentheses, may hold spaces: the fields are counted from after it, as [0] for "state".
function statOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

const kilobytes = (status, name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined; // it has ended
  }
}

function list(directory) {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}
