import { fork, type ChildProcess } from 'node:child_process';
import pg from 'pg';
import { ORCHESTRATOR, type FloorConfig } from '../floor/config.js';
import type { Speed } from './latencies.js';
import { FLOOR_PROGRAM, NODE_OPTIONS } from './program.js';
import { PARTICIPANTS } from './saga.js';
import type { Session } from './session.js';
import type { Servers } from './system.js';

/** The orchestrator last: its first command must find the queues. */
const ROLES = [...PARTICIPANTS, ORCHESTRATOR];

/** How much is placed, and how much of it is in flight at a time. */
export interface FloorLoad {
  readonly inFlight: number;
  readonly orders: number;
  readonly warmUp?: number;
  readonly queueType?: FloorConfig['queueType'];
}

/** Measures the floor on servers of its own, so that neither finds what the other left. */
export async function measureFloor(
  servers: Servers,
  { signal, registry }: Session,
  { inFlight, orders, warmUp = Math.floor(orders / 5), queueType = 'quorum' }: FloorLoad,
): Promise<Speed> {
  await recreate(servers);
  const { amqpUrl } = servers.rabbitmq;
  const processes: ChildProcess[] = [];
  try {
    let orchestrator: ChildProcess | undefined;
    for (const role of ROLES) {
      const databaseUrl = servers.databaseUrl(role);
      const config: FloorConfig = { role, amqpUrl, databaseUrl, queueType, inFlight, orders, warmUp };
      signal.throwIfAborted();
      const child = fork(FLOOR_PROGRAM, [JSON.stringify(config)], { execArgv: NODE_OPTIONS, detached: true });
      registry.add({ name: `the floor's ${role}`, pid: child.pid! });
      processes.push(child);
      await messageOf(child);
      orchestrator = child;
    }
    orchestrator!.send('go');
    return (await messageOf(orchestrator!)) as Speed;
  } finally {
    for (const child of processes) {
      child.kill('SIGKILL');
      registry.remove(child.pid!);
    }
  }
}

async function recreate({ postgres, rabbitmq }: Servers): Promise<void> {
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

function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the floor ended (code ${code})`)));
  });
}
