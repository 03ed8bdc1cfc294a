import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/**
 * Who runs under a process id now. Ids are used again, so a pid on record is touched only while its identity is the recorded one.
 * @param {number} pid
 * @returns {{startedAt: string, command: string} | undefined} undefined when nothing runs there (a zombie does not run)
 */
export function identify(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return fs.existsSync('/proc/self/stat') ? identifyByProc(pid) : identifyByPs(pid);
}

/** Whether the process on record still runs. */
export function isRunning({ pid, startedAt }) {
  return identify(pid)?.startedAt === startedAt;
}

function identifyByProc(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    // Start times count from the boot, and the first processes of two boots may well agree on them.
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { startedAt: `${boot}/${fields[19]}`, command };
  } catch {
    return undefined;
  }
}

function identifyByPs(pid) {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=,lstart=,command=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [, state, startedAt, command] = /^\s*(\S+)\s+(\S+ +\S+ +\S+ +\S+ +\S+)\s+(.*)/.exec(stdout ?? '') ?? [];
  if (status !== 0 || state === undefined || state.startsWith('Z')) return undefined;
  return { startedAt, command };
}
