/**
 * What is simulated: two processes of each role on one broker, each role with a database of its own. Real code on
 * simulated ports. What a process keeps in memory dies with it.
 */
import { commandQueueOf, parseCommandId, commandIdOf } from '../contract/routing.js';
import type { ServiceContract } from '../contract/service.js';
import type { SagaDefinition } from '../definition/saga.js';
import { sagaObservers } from '../orchestrator/saga-observer.js';
import { commandObservers } from '../participant/command-observer.js';
import { replyBatchHandler } from '../orchestrator/handle-replies.js';
import { SagaRegistry } from '../orchestrator/saga-registry.js';
import { SagaRunner } from '../orchestrator/saga-runner.js';
import { commandLog } from '../participant/command-log.js';
import type { AnyHandler } from '../participant/command-handlers.js';
import { commandBatchHandler } from '../participant/handle-commands.js';
import { DEFAULTS } from '../settings.js';
import { guardAgainstCrashLoops } from '../transport/crash-loop-guard.js';
import { orchestratorTopology, participantTopology } from '../transport/topology.js';
import type { ConsumeOptions, Transport } from '../transport/transport.js';
import { observedHandlers } from './effects.js';
import { memoryDeliveryAttempts } from './memory-delivery-attempts.js';
import { memoryInboxStore } from './memory-inbox-store.js';
import type { SagaStore } from '../orchestrator/saga-store.js';
import { clockShiftIn, instanceIn, memorySagaStore } from './memory-saga-store.js';
import { MemoryDatabase, type MemoryTransaction } from './memory-transaction.js';
import { SimulatedBroker, type SimulatedTransport, type World } from './simulated-broker.js';
import type { SimulatedConsumer } from './simulated-consumer.js';
import { SILENT, SimulatedProcess } from './simulated-process.js';

/** A participant as it is simulated: the real contract, and handlers that write to memory. */
export interface SimulatedParticipant {
  readonly service: ServiceContract;
  readonly handlers: Readonly<Record<string, AnyHandler<MemoryTransaction>>>;
}

/** A process with what it is made of. */
export interface Worker {
  readonly process: SimulatedProcess;
  readonly transport: Transport;
  readonly consumer: SimulatedConsumer;
}

/** A process that runs sagas. */
export interface Orchestrator extends Worker {
  /** Another one after each restart. */
  readonly runner: SagaRunner<MemoryTransaction>;
  readonly store: SagaStore<MemoryTransaction>;
}

/** One for all: to make an error takes long, for the stack is noted. */
const OBSERVER_ERROR = new Error('simulated: an observer throws');
const throws = (): never => {
  throw OBSERVER_ERROR;
};
/** An observer that throws whenever it is told of anything, as long as the simulation lasts. */
const THROWS = { saved: throws, idleReply: throws, handled: throws, batchFailed: throws, itemBlamed: throws };

/** Messages in one delivery batch, at the most. */
const MAX_BATCH_SIZE = 3;

export class SimulatedSystem {
  readonly broker: SimulatedBroker;
  readonly workers: Worker[] = [];
  readonly orchestrators: Orchestrator[] = [];
  /** The orchestrators' database. */
  readonly orders = new MemoryDatabase();
  /** By how much the clock of that database is wrong, in milliseconds: it jumps. */
  databaseAheadMs = 0;
  readonly services: ReadonlyMap<string, MemoryDatabase>;
  private readonly saga: SagaDefinition<never, MemoryTransaction>;
  private readonly world: World;

  constructor(
    saga: SagaDefinition<never, MemoryTransaction>,
    participants: readonly SimulatedParticipant[],
    world: Omit<World, 'deadlineOf'>,
  ) {
    this.saga = saga;
    this.world = { ...world, deadlineOf: (commandId) => this.deadlineOf(commandId) };
    this.broker = new SimulatedBroker(this.world);
    this.services = new Map(participants.map(({ service }) => [service.name, new MemoryDatabase()]));
    for (const copy of ['a', 'b']) {
      this.addOrchestrator(`orchestrator ${copy}`);
      for (const participant of participants) this.addParticipant(`${participant.service.name} ${copy}`, participant);
    }
  }

  /** @returns when the time of a command is up, if it is awaited still */
  deadlineOf(commandId: string): number | null {
    const identity = parseCommandId(commandId);
    const instance = identity && instanceIn(this.orders.peek(), identity.sagaId);
    if (!instance?.awaited || commandIdOf(instance.id, instance.awaited.sequence) !== commandId) return null;
    return instance.awaited.until === null ? null : instance.awaited.until - this.sagasAheadMs;
  }

  /**
   * By how much the sagas' clock is ahead of the time that has passed, in milliseconds: nothing, once jumps were made
   * good.
   */
  get sagasAheadMs(): number {
    return this.databaseAheadMs + clockShiftIn(this.orders.peek());
  }

  private addOrchestrator(name: string): void {
    const process = this.newProcess(name);
    const transport = this.broker.transportFor(process);
    const { clock } = this.world;
    let store: SagaStore<MemoryTransaction>;
    let runner: SagaRunner<MemoryTransaction>;
    const queue = this.saga.replyAddress;
    transport.use(orchestratorTopology(this.saga.name));
    const consumed = this.consuming(process, transport, queue, this.orders, () => {
      store = memorySagaStore(this.orders, () => clock() + this.databaseAheadMs, process.commitFaults, clock);
      runner = new SagaRunner({
        store,
        registry: new SagaRegistry([this.saga]),
        observer: sagaObservers([THROWS], SILENT),
        logger: SILENT,
        handlerTimeoutMs: DEFAULTS.handlerTimeoutMs,
        limitInFlight: true,
      });
      return replyBatchHandler(queue, runner, transport, SILENT, sagaObservers([THROWS], SILENT));
    });
    const orchestrator: Orchestrator = {
      ...consumed,
      get runner() {
        return runner;
      },
      get store() {
        return store;
      },
    };
    this.workers.push(orchestrator);
    this.orchestrators.push(orchestrator);
  }

  private addParticipant(name: string, { service, handlers }: SimulatedParticipant): void {
    const process = this.newProcess(name);
    const transport = this.broker.transportFor(process);
    const database = this.services.get(service.name)!;
    transport.use(participantTopology(service.name));
    const begin = () =>
      commandBatchHandler({
        service,
        handlers: observedHandlers(service, handlers, this.world.tell, name, this.world.dice),
        inbox: memoryInboxStore(database, process.commitFaults),
        transport,
        logger: SILENT,
        log: commandLog(SILENT),
        observer: commandObservers([THROWS], SILENT),
        handlerTimeoutMs: DEFAULTS.handlerTimeoutMs,
      });
    this.workers.push(this.consuming(process, transport, commandQueueOf(service.name), database, begin));
  }

  private newProcess(name: string): SimulatedProcess {
    return new SimulatedProcess(name, this.world.dice, this.world.clock);
  }

  /** @param begin - what the process does when it starts, each time: it gives what handles deliveries from then on */
  private consuming(
    process: SimulatedProcess,
    transport: SimulatedTransport,
    queue: string,
    database: MemoryDatabase,
    begin: () => ConsumeOptions['handleBatch'],
  ): Worker {
    const attempts = memoryDeliveryAttempts(database, process.commitFaults);
    const started = () => guardAgainstCrashLoops(queue, begin(), attempts, transport, SILENT);
    let handleBatch = started();
    process.onRestart = () => (handleBatch = started());
    const consumer = transport.consume({
      queue,
      prefetch: MAX_BATCH_SIZE,
      maxBatchSize: MAX_BATCH_SIZE,
      handleBatch: (batch) => handleBatch(batch),
    });
    return { process, transport, consumer };
  }
}
