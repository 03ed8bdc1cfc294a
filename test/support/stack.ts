/** The real services, each a process with a database of its own, on a virtual host of their own. */
import pg from 'pg';
import { createTestBroker, type TestBroker } from './broker.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { startService, type ServiceName, type ServiceProcess } from './service-process.js';

const ALL: readonly ServiceName[] = ['order-service', 'consumer-service', 'restaurant-service', 'accounting-service'];

export interface Stack {
  readonly broker: TestBroker;
  /** @returns where a service listens */
  url(service: ServiceName): string;
  /** @returns the running process of a service */
  service(name: ServiceName): ServiceProcess;
  /** @returns the settings of a service, for starting another process of it */
  settingsOf(service: ServiceName): Record<string, string>;
  /** @returns the rows that a statement gives in the database of a service */
  query<Row extends object>(service: ServiceName, text: string): Promise<Row[]>;
  /**
   * Starts a service again that has ended, or is ended by this.
   *
   * @param settings - beside its usual ones
   */
  replace(service: ServiceName, settings?: Readonly<Record<string, string>>): Promise<ServiceProcess>;
  /** Stops all processes. @throws unless each ends with exit code 0 in time */
  stopServices(): Promise<void>;
  /**
   * Stops what still runs, and drops databases and virtual host.
   * @throws when a service did not stop properly, or left a session open
   */
  stop(): Promise<void>;
}

/**
 * Starts services and waits until all are ready.
 *
 * @param purpose - part of the names of its databases and virtual host
 * @param names - all four unless given
 * @param adapt - changes the settings of a service, such as the way to its broker
 */
export async function startStack(
  purpose: string,
  names: readonly ServiceName[] = ALL,
  adapt: (name: ServiceName, settings: Record<string, string>) => Record<string, string> = (_name, settings) =>
    settings,
): Promise<Stack> {
  const broker = await createTestBroker(purpose);
  const databases = new Map<ServiceName, TestDatabase>();
  const running = new Map<ServiceName, ServiceProcess>();
  const settingsOf = (name: ServiceName): Record<string, string> =>
    adapt(name, { AMQP_URL: broker.amqpUrl, DATABASE_URL: databases.get(name)!.url });
  const stopServices = async (): Promise<void> => {
    const ends = [...running.values()].map((service) => service.stop());
    running.clear();
    await allOf(ends);
  };
  const stop = async (): Promise<void> => {
    const stopped = stopServices();
    await stopped.catch(() => undefined);
    await allOf([stopped, broker.drop(), ...[...databases.values()].map((database) => database.drop())]);
  };
  try {
    for (const name of names) {
      databases.set(name, await createTestDatabase(`${purpose}_${name.replace('-service', '')}`));
      running.set(name, startService(name, settingsOf(name)));
    }
    await Promise.all([...running.values()].map((service) => service.untilReady()));
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  const service = (name: ServiceName): ServiceProcess => {
    const process = running.get(name);
    if (!process) throw new Error(`${name} does not run`);
    return process;
  };
  const replace = async (
    name: ServiceName,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<ServiceProcess> => {
    service(name).kill();
    await service(name).exited;
    const started = startService(name, { ...settingsOf(name), ...settings });
    running.set(name, started);
    await started.untilReady();
    return started;
  };
  const query = async <Row extends object>(name: ServiceName, text: string): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: settingsOf(name).DATABASE_URL });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  };
  return { broker, service, replace, query, url: (name) => service(name).url(), settingsOf, stopServices, stop };
}

/** Waits for all, also when one fails, and then throws the first failure. */
async function allOf(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
