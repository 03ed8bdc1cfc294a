/** A PostgreSQL, a RabbitMQ or both of a test's own, which it may kill. */
import { fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

export type ServerName = 'postgres' | 'rabbitmq';

export interface PrivateServers {
  readonly databaseUrl: string;
  readonly amqpUrl: string;
  readonly managementUrl: string;
  /** Ends a server as a power failure would, or by another signal: SIGQUIT is PostgreSQL's immediate shutdown. */
  kill(server: ServerName, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a server again, on the same port, with what it had stored. */
  restart(server: ServerName): Promise<void>;
  /** Runs rabbitmqctl. @throws with what it says when it fails */
  rabbitmqctl(...args: string[]): Promise<void>;
  /** Stops them and removes their data. */
  stop(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly error?: string;
  readonly ready?: Pick<PrivateServers, 'databaseUrl' | 'amqpUrl' | 'managementUrl'>;
}

/**
 * Starts servers on free ports and waits until they answer.
 *
 * @param purpose - names their folder
 * @param names - both unless given; the URLs of one that is not started are those of the server that all tests share
 */
export async function startPrivateServers(
  purpose: string,
  names: readonly ServerName[] = ['postgres', 'rabbitmq'],
): Promise<PrivateServers> {
  const folder = path.resolve('.local', 'test', `${purpose}_${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const child = fork(path.resolve('test/support/server-keeper.ts'), [folder, ...names], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr!.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ready = await new Promise<NonNullable<Message['ready']>>((resolve, reject) => {
    child.once('message', (message: Message) => message.ready && resolve(message.ready));
    child.once('close', () => reject(new Error(`The servers did not start: ${complaints}`)));
  });
  let nextId = 1;
  const call = (action: 'kill' | 'restart' | 'ctl', server: ServerName, more: object = {}): Promise<void> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      const onMessage = (message: Message): void => {
        if (message.id !== id) return;
        child.off('message', onMessage);
        if (message.error === undefined) resolve();
        else reject(new Error(`${action} ${server}: ${message.error}`));
      };
      child.on('message', onMessage);
      child.send({ id, server, action, ...more });
    });
  return {
    ...ready,
    kill: (server, signal) => call('kill', server, { signal }),
    restart: (server) => call('restart', server),
    rabbitmqctl: (...args) => call('ctl', 'rabbitmq', { args }),
    async stop() {
      child.send({ id: 0, action: 'stop' });
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
