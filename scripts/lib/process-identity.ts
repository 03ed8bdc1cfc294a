import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/** A process on record. Process ids are used again: with the time of its start, one is told from its successors. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
  readonly command: string;
}

/** @returns who runs under a process id now; undefined when nothing does (a zombie does not run) */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return fs.existsSync('/proc/self/stat') ? identifyByProc(pid) : identifyByPs(pid);
}

/** @returns whether the process on record still runs */
export function isRunning({ pid, startedAt }: Pick<ProcessIdentity, 'pid' | 'startedAt'>): boolean {
  return identify(pid)?.startedAt === startedAt;
}

function identifyByProc(pid: number): ProcessIdentity | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    // Start times count from the boot, and the first processes of two boots may well agree on them.
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, startedAt: `${boot}/${fields[19]}`, command };
  } catch {
    return undefined;
  }
}

/** For macOS, which has no /proc. */
function identifyByPs(pid: number): ProcessIdentity | undefined {
  const args = ['-o', 'stat=,lstart=,command=', '-p', String(pid)];
  const { stdout } = spawnSync('ps', args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  const match = /^\s*([^\sZ]\S*)\s+(\S+ +\S+ +\S+ +\S+ +\S+)\s+(.*)/.exec(stdout);
  return match ? { pid, startedAt: match[2]!, command: match[3]! } : undefined;
}
