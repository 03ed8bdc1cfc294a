/** One run: a few sagas, real code on simulated ports, and a time in which things go wrong, followed by one in which they do not. */
import type { ServiceContract } from '../contract/service.js';
import { commandQueueOf } from '../contract/routing.js';
import { watchCrashPoints } from '../crash-point.js';
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote, type LocalAction, type LocalInput, type StepCommand } from '../definition/step.js';
import { isRefusal } from '../contract/outcome.js';
import { hasEnded } from '../engine/instance.js';
import type { StoredSaga } from '../engine/saga-store.js';
import { deadlineRound } from '../orchestrator/handle-deadlines.js';
import { replySetHandler } from '../orchestrator/handle-replies.js';
import { SagaRegistry } from '../orchestrator/saga-registry.js';
import { SagaRunner } from '../orchestrator/saga-runner.js';
import { sendCommands } from '../orchestrator/command-sender.js';
import { startSagas } from '../orchestrator/start-sagas.js';
import type { AnyHandler } from '../participant/command-handlers.js';
import { commandSetHandler } from '../participant/handle-commands.js';
import { SagaError } from '../errors.js';
import { effectsIn, noteDone, noteUndone, observedHandlers, one, type Effect } from './effects.js';
import type { FaultDice, Faults } from './faults.js';
import { memoryInboxStore } from './memory-inbox-store.js';
import { allSagas, memorySagaStore } from './memory-saga-store.js';
import { MemoryDatabase, type MemoryTransaction } from './memory-transaction.js';
import { Random } from './random.js';
import { shortId, SimulatedBroker } from './simulated-broker.js';
import { SILENT, SimulatedProcess, type ConsumingProcess } from './simulated-process.js';

/** A participant as it is simulated: the real contract, and handlers that write to memory. */
export interface SimulatedParticipant {
  readonly service: ServiceContract;
  readonly handlers: Readonly<Record<string, AnyHandler<MemoryTransaction>>>;
}

/** What is simulated. */
export interface Scenario<Data> {
  readonly saga: SagaDefinition<Data, never>;
  readonly participants: readonly SimulatedParticipant[];
  /** Stand-ins for local steps, by name; one that is missing has only its observed effect. */
  readonly locals: Readonly<Record<string, (tx: MemoryTransaction, input: LocalInput<Data>) => Promise<unknown>>>;
  /** @returns the data of the next saga. */
  readonly data: (random: Random, number: number) => Data;
  readonly sagas: number;
}

/** How a run ended. */
export interface RunResult {
  readonly sagas: readonly StoredSaga[];
  readonly effects: readonly Effect[];
  /** What happened, a line each. */
  readonly story: readonly string[];
  /** Sagas whose start was confirmed to the caller. */
  readonly promised: readonly string[];
}

const STEPS_OF_TROUBLE = 60;
/** Far beyond what healing takes; a run that reaches it goes in circles. */
const MOST_STEPS = 3_000;
const START = Date.UTC(2026, 0, 1);

export class Simulation<Data> {
  private now = START;
  private readonly story: string[] = [];
  private readonly promised: string[] = [];
  private readonly scenario: Scenario<Data>;
  private readonly saga: SagaDefinition<unknown, MemoryTransaction>;
  private readonly dice: FaultDice;
  private readonly faults: Faults;
  private readonly broker: SimulatedBroker;
  private readonly orders = new MemoryDatabase();
  private readonly services: ReadonlyMap<string, MemoryDatabase>;
  private readonly processes: ConsumingProcess[] = [];
  private readonly runners = new Map<SimulatedProcess, SagaRunner<MemoryTransaction>>();
  private current: SimulatedProcess | null = null;
  private started = 0;

  constructor(scenario: Scenario<Data>, dice: FaultDice, faults: Faults) {
    this.scenario = scenario;
    this.dice = dice;
    this.faults = faults;
    this.saga = withStandIns(scenario);
    this.services = new Map(scenario.participants.map(({ service }) => [service.name, new MemoryDatabase()]));
    const queues = [
      this.saga.replyAddress,
      ...scenario.participants.map(({ service }) => commandQueueOf(service.name)),
    ];
    this.broker = new SimulatedBroker(queues, dice, faults, () => this.now, this.tell);
    for (const copy of ['a', 'b']) {
      this.addOrchestrator(`orchestrator ${copy}`);
      for (const participant of scenario.participants)
        this.addParticipant(`${participant.service.name} ${copy}`, participant);
    }
  }

  /** Runs to the end. @throws when it does not come to an end */
  async run(): Promise<RunResult> {
    watchCrashPoints((point) => this.current?.pass(point));
    try {
      for (let step = 0; step < STEPS_OF_TROUBLE; step++) await this.troubledStep();
      await this.heal();
    } finally {
      watchCrashPoints(null);
    }
    const effects = [await effectsIn(this.orders)];
    for (const database of this.services.values()) effects.push(await effectsIn(database));
    return { sagas: await allSagas(this.orders), effects: effects.flat(), story: this.story, promised: this.promised };
  }

  private readonly tell = (line: string): void =>
    void this.story.push(`${String(this.now - START).padStart(7)} ${line}`);

  private addOrchestrator(name: string): void {
    const { saga, dice, faults, tell } = this;
    const process = new SimulatedProcess(name, saga.replyAddress, dice, faults, tell);
    const transport = this.broker.transportFor(process.assertAlive);
    const store = memorySagaStore(this.orders, () => this.now, process.commitFaults);
    const runner = new SagaRunner(store, new SagaRegistry([saga]), SILENT, () => undefined);
    this.runners.set(process, runner);
    this.processes.push({
      process,
      transport,
      handleSet: replySetHandler(saga.replyAddress, runner, transport, SILENT),
    });
  }

  private addParticipant(name: string, { service, handlers }: SimulatedParticipant): void {
    const process = new SimulatedProcess(name, commandQueueOf(service.name), this.dice, this.faults, this.tell);
    const transport = this.broker.transportFor(process.assertAlive);
    const handleSet = commandSetHandler({
      service,
      handlers: observedHandlers(service, handlers),
      inbox: memoryInboxStore(this.services.get(service.name)!, process.commitFaults),
      transport,
      logger: SILENT,
    });
    this.processes.push({ process, transport, handleSet });
  }

  private async troubledStep(): Promise<void> {
    const { random } = this.dice;
    for (const { process } of this.processes) {
      if (!this.dice.happens(`${process.name} stands still`, this.faults.pause / this.processes.length)) continue;
      process.awayUntil = this.now + random.below(this.faults.maxPauseMs);
      this.tell(`${process.name} stands still until ${process.awayUntil - START}`);
    }
    if (this.started < this.scenario.sagas && random.next() < 0.2) return this.start();
    if (this.dice.happens('an operator acts', this.faults.operate)) return this.operate();
    if (random.next() < 0.1) return this.tick(random.below(random.next() < 0.1 ? 5_000 : 300));
    await this.step();
  }

  /** Nothing goes wrong any more, everyone is back, and an operator retries what is stuck. */
  private async heal(): Promise<void> {
    this.dice.enabled = false;
    this.tell('--- nothing goes wrong any more');
    for (const { process } of this.processes) process.restart(0);
    while (this.started < this.scenario.sagas) await this.start();
    for (let step = 0; step < MOST_STEPS; step++) {
      if (this.broker.ready().length > 0) await this.step();
      else {
        const open = (await allSagas(this.orders)).filter(({ instance }) => !hasEnded(instance.status));
        const stuck = open.find(({ instance }) => instance.status === 'stuck');
        if (open.length === 0 && this.broker.nextDelivery() === null) return;
        if (stuck) await this.operateOn(stuck.instance.id, 'retry');
        else await this.tick(this.untilNext(open));
      }
    }
    this.tell('--- it goes on and on');
  }

  /** @returns how long nothing happens by itself */
  private untilNext(open: readonly StoredSaga[]): number {
    const deadlines = open.flatMap(({ instance }) => instance.awaited?.until ?? []);
    const next = Math.min(this.broker.nextDelivery() ?? Infinity, ...deadlines);
    return Number.isFinite(next) ? Math.max(1, next - this.now) : 60_000;
  }

  /** Some process handles some messages, or time passes. */
  private async step(): Promise<void> {
    const { random } = this.dice;
    const queues = this.broker.ready();
    const able = this.processes.filter(
      ({ process }) => queues.includes(process.queue) && process.awayUntil <= this.now,
    );
    if (able.length === 0) return this.tick(1 + random.below(300));
    const { process, handleSet } = random.pick(able);
    const set = this.broker.take(process.queue, 1 + random.below(3));
    const ids = set.map(
      ({ routingKey, correlationId, redelivered }) =>
        `${routingKey} ${shortId(correlationId)}${redelivered ? ' again' : ''}`,
    );
    this.tell(`${process.name} takes ${ids.join(', ')}`);
    const end = await this.as(process, () => handleSet(set));
    if (end === 'done') return;
    this.broker.redeliver(process.queue, set, 100);
    this.afterDeath(process, end);
  }

  private async tick(ms: number): Promise<void> {
    this.now += ms;
    const orchestrators = this.processes.filter(
      ({ process }) => this.runners.has(process) && process.awayUntil <= this.now,
    );
    if (orchestrators.length === 0) return;
    const { process, transport } = this.dice.random.pick(orchestrators);
    const runner = this.runners.get(process)!;
    const end = await this.as(process, () => deadlineRound({ runner, transport, logger: SILENT, maxSetSize: 10 }));
    this.afterDeath(process, end);
  }

  private async start(): Promise<void> {
    const number = ++this.started;
    const id = Random.uuid(number);
    const data = this.scenario.data(this.dice.random, number);
    const { process, transport } = this.dice.random.pick(
      this.processes.filter((each) => this.runners.has(each.process)),
    );
    const runner = this.runners.get(process)!;
    this.tell(`a client starts saga ${number} at ${process.name}`);
    const store = memorySagaStore(this.orders, () => this.now);
    const end = await this.as(process, async () => {
      const { changes, commands } = await this.orders.transaction(async (tx) => {
        const first = await startSagas(store.within(tx), this.saga, [{ id, data }], this.now);
        process.pass('start:before-commit');
        return first;
      }, process.commitFaults);
      this.promised.push(id);
      process.pass('start:after-commit');
      runner.started(changes);
      await sendCommands(commands, transport, runner, SILENT);
    });
    this.afterDeath(process, end);
  }

  private async operate(): Promise<void> {
    const sagas = (await allSagas(this.orders)).filter(({ instance }) => !hasEnded(instance.status));
    if (sagas.length === 0) return;
    await this.operateOn(
      this.dice.random.pick(sagas).instance.id,
      this.dice.random.pick(['retry', 'compensate'] as const),
    );
  }

  private async operateOn(id: string, type: 'retry' | 'compensate'): Promise<void> {
    const { process, transport } = this.processes.find((each) => this.runners.has(each.process))!;
    const runner = this.runners.get(process)!;
    this.tell(`an operator: ${type} saga ${shortId(id)}`);
    const end = await this.as(process, async () => {
      try {
        const event = { type: 'operator', action: { type, by: 'operator', reason: 'simulated' } } as const;
        await sendCommands((await runner.apply(new Map([[id, [event]]]))).commands, transport, runner, SILENT);
      } catch (error) {
        if (!(error instanceof SagaError && error.code === 'ACTION_NOT_ALLOWED')) throw error;
      }
    });
    this.afterDeath(process, end);
  }

  private async as(process: SimulatedProcess, work: () => Promise<unknown>): Promise<'done' | 'failed' | 'died'> {
    this.current = process;
    try {
      return await process.run(work);
    } finally {
      this.current = null;
    }
  }

  private afterDeath(process: SimulatedProcess, end: 'done' | 'failed' | 'died'): void {
    if (end === 'died') process.restart(this.now + this.dice.random.below(5_000));
  }
}

/** @returns the saga with its local steps replaced by stand-ins that note their effects */
function withStandIns<Data>({ saga, locals }: Scenario<Data>): SagaDefinition<unknown, MemoryTransaction> {
  const standIn = (command: StepCommand<Data, never>, undoOf: string | null): StepCommand<Data, MemoryTransaction> => {
    if (isRemote(command)) return command;
    const { name } = command.local;
    const replaced = locals[name];
    const local: LocalAction<Data, MemoryTransaction> = {
      name,
      handle: async (tx, input) => {
        const answer = replaced && (await one(replaced)(tx, input));
        if (isRefusal(answer)) return answer;
        if (undoOf === null) noteDone(tx, input.sagaId, name, name);
        else noteUndone(tx, input.sagaId, undoOf);
        return answer as Partial<Data> | undefined;
      },
    };
    return { local, retry: command.retry };
  };
  const steps = saga.steps.map((step) => ({
    ...step,
    action: standIn(step.action, null),
    undo: step.undo && standIn(step.undo, step.name),
  }));
  return { ...saga, steps } as unknown as SagaDefinition<unknown, MemoryTransaction>;
}
