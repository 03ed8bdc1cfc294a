import fs from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';

const LISTENING = '0A'; // TCP_LISTEN, as /proc writes it

/**
 * Who listens on a TCP port of this machine: what answers there may be somebody else's.
 * @param {number} pid
 * @param {number} port
 * @returns {Promise<'nobody' | 'own' | 'foreign' | 'shared'>} 'own' when this process listens, on whichever address, and no other does;
 *   'shared' when another does as well, on another address
 */
export async function listenerOf(pid, port) {
  const { own, others } = fs.existsSync('/proc/self/net/tcp') ? fromProc(pid, port) : await fromLsof(pid, port);
  if (own > 0) return others > 0 ? 'shared' : 'own';
  return others > 0 ? 'foreign' : 'nobody';
}

function fromProc(pid, port) {
  const sockets = ['tcp', 'tcp6'].flatMap((table) => listeningSockets(`/proc/self/net/${table}`, port));
  const held = sockets.length === 0 ? new Set() : openSockets(pid);
  const own = sockets.filter((inode) => held.has(inode)).length;
  return { own, others: sockets.length - own };
}

/** The inodes of the sockets that listen on the port. */
function listeningSockets(table, port) {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return lines(table).flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === LISTENING && local.endsWith(suffix) ? [inode] : [];
  });
}

/** A machine without IPv6 has no table for it. */
function lines(file) {
  try {
    return fs.readFileSync(file, 'utf8').split('\n').slice(1);
  } catch {
    return [];
  }
}

/** The inodes of the sockets that a process holds open; none once it has ended. */
function openSockets(pid) {
  const folder = `/proc/${pid}/fd`;
  const held = new Set();
  try {
    for (const descriptor of fs.readdirSync(folder)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(path.join(folder, descriptor)))?.[1];
      if (inode !== undefined) held.add(inode);
    }
  } catch {
    // It has ended.
  }
  return held;
}

function linkOf(file) {
  try {
    return fs.readlinkSync(file);
  } catch {
    return ''; // closed meanwhile
  }
}

/** macOS has no /proc. */
async function fromLsof(pid, port) {
  const { output } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fp'], { timeoutMs: 10_000 });
  const pids = [...output.matchAll(/^p(\d+)$/gm)].map((match) => Number(match[1]));
  const own = pids.filter((found) => found === pid).length;
  return { own, others: pids.length - own };
}
