/** The whole benchmark: each scenario in turns with the floor. */
import { fill } from './fill.js';
import { measureFloor } from './floor.js';
import { measure, type System } from './measure.js';
import type { Options } from './options.js';
import { startServices, type Servers } from './system.js';
import { tableOf, type Result } from './table.js';

/** Orders of one kind, so many at a time. */
interface Scenario {
  readonly title: string;
  readonly inFlight: number;
  readonly orders: number;
  readonly refusedEvery?: number;
}

/** The servers of a run, on which services are started. */
export type RunContext = Omit<System, 'services'> & { readonly directory: string };

const FEWEST_ORDERS = 50;
/** So many orders warm up compilers, caches and files. */
const WARM_UP = { inFlight: 100, orders: 5_000 };

/** Measures what the options name, and prints each turn when it has ended. */
export class FullRun {
  readonly results: Result[] = [];
  private readonly context: RunContext;
  private readonly options: Options;
  private readonly thousand: Scenario;

  constructor(context: RunContext, options: Options) {
    this.context = context;
    this.options = options;
    this.thousand = { title: '1,000 in flight', inFlight: 1_000, orders: this.scaled(30_000) };
  }

  /** @param floorServers - of the floor's own */
  async run(floorServers: Servers): Promise<void> {
    const { only } = this.options;
    const { thousand } = this;
    const services = await this.startServices();
    const system = { ...this.context, services };
    await measure(system, WARM_UP);
    const compare = (name: string, scenario: Scenario) => this.compare(system, floorServers, name, scenario);
    if (only.includes('one')) await compare('one', { title: 'one at a time', inFlight: 1, orders: this.scaled(600) });
    if (only.includes('hundred'))
      await compare('hundred', { title: '100 in flight', inFlight: 100, orders: this.scaled(20_000) });
    if (only.includes('thousand')) await compare('thousand', thousand);
    if (only.includes('refusals'))
      await compare('refusals', { ...thousand, title: '1,000 in flight, a tenth refused', refusedEvery: 10 });
    if (only.includes('memory')) await this.measureMemory(system);
    if (only.includes('growth')) await this.measureGrowth(system);
    await services.stop();
    if (only.includes('orchestrators')) for (const count of [1, 2]) await this.measureOrchestrators(count);
  }

  private startServices(orchestrators = 1) {
    const { servers, directory, session } = this.context;
    return startServices(servers, { directory, session, orchestrators });
  }

  private scaled(orders: number): number {
    return Math.max(FEWEST_ORDERS, Math.round(orders * this.options.scale));
  }

  /** Measures a scenario and the floor in turns, so that both meet the same machine. */
  private async compare(system: System, floorServers: Servers, name: string, scenario: Scenario): Promise<void> {
    const { title, inFlight, orders, refusedEvery } = scenario;
    for (let turn = 1; turn <= this.options.repeat; turn++) {
      const floor = refusedEvery ? null : await measureFloor(floorServers, system.session, { inFlight, orders });
      this.add({ name, title, turn, floor, ...(await measure(system, { inFlight, orders, refusedEvery })) });
    }
  }

  /** Does a process grow with the sagas that went through it? */
  private async measureMemory(system: System): Promise<void> {
    const { inFlight } = this.thousand;
    const orders = this.scaled(200_000);
    const title = `1,000 in flight, ${orders} sagas`;
    this.add({ name: 'memory', title, turn: 1, floor: null, ...(await measure(system, { inFlight, orders })) });
  }

  /** The same load on databases that hold a million finished sagas and a hundred thousand that wait. */
  private async measureGrowth(system: System): Promise<void> {
    const { inFlight, orders } = this.thousand;
    const add = async (title: string, turn: number) =>
      this.add({ name: 'growth', title, turn, floor: null, ...(await measure(system, { inFlight, orders })) });
    await add('1,000 in flight, before filling', 1);
    const counts = { finished: this.scaled(1_000_000), waiting: this.scaled(100_000) };
    console.log(`filling: ${counts.finished} finished sagas, ${counts.waiting} that wait …`);
    await fill(system.servers.databaseUrl, counts);
    await measure(system, { inFlight, orders: this.scaled(5_000) });
    for (let turn = 1; turn <= this.options.repeat; turn++) await add('1,000 in flight, filled', turn);
  }

  private async measureOrchestrators(count: number): Promise<void> {
    const { inFlight, orders } = this.thousand;
    const services = await this.startServices(count);
    const system = { ...this.context, services };
    await measure(system, { inFlight, orders: this.scaled(5_000) });
    const title = `1,000 in flight, ${count} orchestrator${count > 1 ? 's' : ''}`;
    this.add({ name: 'orchestrators', title, turn: 1, floor: null, ...(await measure(system, { inFlight, orders })) });
    await services.stop();
  }

  private add(result: Result): void {
    this.results.push(result);
    console.log(tableOf([result]));
  }
}
