/** PgBouncer in front of the tests' PostgreSQL, as Debian has it. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { freePort } from '../../scripts/lib/ports.js';
import { findTestTool } from './test-tools.js';
import { waitFor } from './wait-for.js';
import { watched } from './watched.js';

export interface PgBouncer {
  /** @returns a URL of the server as a URL of PgBouncer */
  through(url: string): string;
  /** Ends it, and its sessions with the server. */
  stop(): Promise<void>;
}

/**
 * Starts PgBouncer with hardly any settings, so that it takes no startup parameter but those that it knows itself.
 *
 * @param mode - whether each transaction gets another session, or each client one for as long as it stays
 * @param poolSize - the sessions with the server, for each database
 */
export async function startPgBouncer(mode: 'transaction' | 'session', poolSize: number): Promise<PgBouncer> {
  const program = await findTestTool('pgbouncer');
  const server = new URL(process.env.TEST_DATABASE_URL!);
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'pgbouncer-'));
  // It refuses to run as root, and becomes nobody, who must be able to read this.
  chmodSync(folder, 0o755);
  const file = path.join(folder, 'pgbouncer.ini');
  const signIn = `user=${decodeURIComponent(server.username)} password=${decodeURIComponent(server.password)}`;
  writeFileSync(
    file,
    `[databases]
* = host=${server.hostname} port=${server.port} ${signIn}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${poolSize}
max_client_conn = 500
`,
  );
  const asWhom = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(program.command, [...asWhom, file], {
    env: { ...process.env, ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { output, exited, hasEnded } = watched(child);
  const through = (url: string): string => {
    const pooled = new URL(url);
    pooled.host = `127.0.0.1:${port}`;
    return pooled.href;
  };
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  await waitFor('PgBouncer to answer', async () => {
    if (hasEnded()) throw new Error(`PgBouncer has ended:\n${output()}`);
    const client = new pg.Client(through(server.href));
    client.on('error', () => undefined);
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  });
  return { through, stop };
}
