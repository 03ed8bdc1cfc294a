import { fork } from 'node:child_process';
import path from 'node:path';
import pg from 'pg';
import { root } from '../../scripts/lib/paths.mjs';

/** The orchestrator last: its first command must find the queues. */
const ROLES = ['consumer_service', 'restaurant_service', 'accounting_service', 'order_service'];

/**
 * Measures the floor on servers of its own, so that neither finds what the other left.
 * @param {Awaited<ReturnType<typeof import('./system.mjs').startServers>> & {session: import('./session.mjs').Session}} servers
 * @param {{inFlight: number, orders: number, warmUp?: number, queueType?: 'quorum' | 'classic'}} load
 * @returns {Promise<{perSecond: number, p50: number, p95: number, p99: number}>} times in milliseconds
 */
export async function measureFloor(
  servers,
  { inFlight, orders, warmUp = Math.floor(orders / 5), queueType = 'quorum' },
) {
  await recreate(servers);
  const { signal, registry } = servers.session;
  const processes = [];
  try {
    for (const role of ROLES) {
      const config = {
        amqpUrl: servers.rabbitmq.amqpUrl,
        databaseUrl: servers.databaseUrl(role),
        queueType,
        inFlight,
        orders,
        warmUp,
      };
      signal.throwIfAborted();
      const child = fork(path.join(root, 'bench/floor/floor.mjs'), [role, JSON.stringify(config)], { detached: true });
      registry.add({ name: `the floor's ${role}`, pid: child.pid });
      processes.push(child);
      await message(child);
    }
    const orchestrator = processes.at(-1);
    orchestrator.send('go');
    return await message(orchestrator);
  } finally {
    for (const child of processes) {
      child.kill('SIGKILL');
      registry.remove(child.pid);
    }
  }
}

async function recreate({ postgres, rabbitmq }) {
  await rabbitmq.ctl('delete_vhost', '/');
  await rabbitmq.ctl('add_vhost', '/');
  await rabbitmq.ctl('set_permissions', '-p', '/', 'guest', '.*', '.*', '.*');
  const admin = new pg.Client(postgres.url);
  await admin.connect();
  for (const role of ROLES) {
    await admin.query(`drop database if exists ${role} with (force)`);
    await admin.query(`create database ${role}`);
  }
  await admin.end();
}

function message(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the floor ended (code ${code})`)));
  });
}
