/** A client, who starts each saga of a plan in a step of its own. */
import type { SagaDefinition } from '../definition/saga.js';
import { sendCommands } from '../orchestrator/command-sender.js';
import { startSagas } from '../orchestrator/advance.js';
import type { Chance } from './chance.js';
import { SagaError } from '../errors.js';
import { SimulatedFailure, type MemoryTransaction } from './memory-transaction.js';
import { Random } from './random.js';
import { SILENT } from './simulated-process.js';
import type { SimulatedSystem } from './simulated-system.js';
import type { Tell } from './story.js';
import type { WorkInHand } from './work-in-hand.js';

/** Sagas start in the first steps. */
const LAST_START = 25;

/** What a client needs of the run. */
interface Surroundings {
  readonly saga: SagaDefinition<never, MemoryTransaction>;
  readonly data: (random: Random, number: number) => unknown;
  readonly system: SimulatedSystem;
  readonly work: WorkInHand;
  readonly chance: Chance;
  readonly tell: Tell;
}

export class SimulatedClient {
  /** Sagas whose start was confirmed, by id. */
  readonly promised: string[] = [];
  private readonly run: Surroundings;
  private waiting: readonly { readonly number: number; readonly step: number }[];

  /** @param sagas - their numbers */
  constructor(run: Surroundings, sagas: readonly number[]) {
    this.run = run;
    this.waiting = sagas.map((number) => ({
      number,
      step: 1 + run.chance.below(`start of saga ${number}`, LAST_START),
    }));
  }

  /** @returns whether every saga was started */
  isDone(): boolean {
    return this.waiting.length === 0;
  }

  /** Starts what is to be started by a step, as far as an orchestrator is there. */
  async startBy(step: number): Promise<void> {
    for (const saga of this.waiting.filter((other) => other.step <= step)) await this.start(saga.number);
  }

  private async start(number: number): Promise<void> {
    const { saga, system, work, chance, tell } = this.run;
    const here = system.orchestrators.filter((worker) => work.isHere(worker));
    if (here.length === 0) return;
    this.waiting = this.waiting.filter((other) => other.number !== number);
    const id = Random.uuid(number);
    const data = this.run.data(chance.draw(`data of saga ${number}`).random, number);
    const worker = chance.pick(`who starts saga ${number}`, here);
    const { process, transport, runner, store } = worker;
    tell('client', () => `starts saga ${number} at ${process.name}: ${JSON.stringify(data)}`);
    await work.as(worker, `the start of saga ${number}`, async () => {
      const started = system.orders.transaction(async (tx) => {
        const session = store.within(tx);
        const first = await startSagas(
          session,
          saga,
          [{ id, data: data as never }],
          store.clock() ?? (await session.now()),
        );
        work.pass('start:before-commit');
        return first;
      }, process.commitFaults);
      const first = await started.catch((error: unknown) => {
        if (!isOfTheStart(error)) throw error;
        tell('client', () => `is told that saga ${number} could not be started`);
        return null;
      });
      if (!first) return;
      const { changes, commands } = first;
      this.promised.push(id);
      work.pass('start:after-commit');
      runner.started(changes);
      await sendCommands(commands, transport, runner, SILENT);
    });
  }
}

/** A start fails with what its local step did: that one saga is not begun. */
const isOfTheStart = (error: unknown): boolean =>
  error instanceof SimulatedFailure ||
  (error instanceof SagaError && (error.code === 'START_FAILED' || error.code === 'START_REFUSED'));
