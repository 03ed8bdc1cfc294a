import fs from 'node:fs';
import { succeeds } from './command.js';

const LISTENING = '0A'; // TCP_LISTEN, as /proc writes it

/** @returns whether this process listens on a TCP port of this machine: what answers there may be somebody else's */
export async function listensOn(pid: number, port: number): Promise<boolean> {
  // macOS has no /proc.
  if (!fs.existsSync('/proc/self/net/tcp'))
    return succeeds('lsof', '-nP', '-a', '-p', String(pid), `-iTCP:${port}`, '-sTCP:LISTEN');
  const sockets = ['tcp', 'tcp6'].flatMap((table) => listeningSockets(`/proc/self/net/${table}`, port));
  if (sockets.length === 0) return false;
  try {
    return fs
      .readdirSync(`/proc/${pid}/fd`)
      .some((descriptor) => sockets.includes(linkOf(`/proc/${pid}/fd/${descriptor}`)));
  } catch {
    return false; // it has ended
  }
}

/** @returns the sockets that listen on the port, as the links in a process's folder fd name them */
function listeningSockets(table: string, port: number): string[] {
  if (!fs.existsSync(table)) return []; // a machine without IPv6 has no table for it
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return fs
    .readFileSync(table, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENING && local!.endsWith(suffix))
    .map((fields) => `socket:[${fields[9]}]`);
}

function linkOf(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return ''; // closed meanwhile
  }
}
