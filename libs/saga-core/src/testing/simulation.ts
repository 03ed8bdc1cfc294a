/** One run: a few sagas, and a time in which things go wrong, followed by one in which they do not. */
import { watchCrashPoints } from '../crash-point.js';
import type { SagaDefinition } from '../definition/saga.js';
import type { OperatorAction } from '../engine/event.js';
import { hasEnded, type SagaStatus } from '../engine/instance.js';
import type { StoredSaga } from '../engine/saga-store.js';
import { sendCommands } from '../orchestrator/command-sender.js';
import { deadlineRound } from '../orchestrator/handle-deadlines.js';
import { startSagas } from '../orchestrator/start-sagas.js';
import { SagaError } from '../errors.js';
import type { IncomingMessage } from '../contract/message.js';
import { deadLetterQueueOf } from '../contract/routing.js';
import { effectsIn, type Effect } from './effects.js';
import { FaultDice, type FaultDecision, type Faults, type Occasion } from './faults.js';
import { memorySagaStore, sagaRows, storedSagaIn, type SagaColumns } from './memory-saga-store.js';
import type { MemoryTransaction } from './memory-transaction.js';
import { Random } from './random.js';
import { GIVEN_UP_AFTER_MS, SILENT, type End } from './simulated-process.js';
import { SimulatedSystem, type SimulatedParticipant, type Worker } from './simulated-system.js';
import { withStandIns, type LocalStandIns } from './stand-ins.js';
import type { Story } from './story.js';
import { describeEntries, describeMessage, inWords, sagaNumber } from './story.js';
import { withVirtualDate } from './virtual-date.js';

/** What is simulated. */
export interface Scenario<Data> {
  readonly saga: SagaDefinition<Data, never>;
  readonly participants: readonly SimulatedParticipant[];
  readonly locals: LocalStandIns<Data>;
  /** @returns the data of the next saga. */
  readonly data: (random: Random, number: number) => Data;
  /** The most attempts of a step. */
  readonly attempts: number;
  readonly faults: Faults;
}

/** Which of a seed's schedules is played: all of it, or less. */
export interface Plan {
  readonly seed: number;
  /** The only faults that may happen, by name; null for all. */
  readonly allowed: ReadonlySet<string> | null;
  /** The numbers of the sagas that are started. */
  readonly sagas: readonly number[];
  /** The numbers of the steps of trouble that are taken, of {@link STEPS_OF_TROUBLE}. */
  readonly steps: readonly number[];
}

/** @returns all that a seed has. @param sagas - how many */
export function wholePlan(seed: number, sagas: number): Plan {
  return { seed, allowed: null, sagas: upTo(sagas), steps: upTo(STEPS_OF_TROUBLE) };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** How a run ended. */
export interface RunResult {
  readonly sagas: readonly StoredSaga[];
  readonly effects: readonly Effect[];
  /** Sagas whose start was confirmed to the caller. */
  readonly promised: readonly string[];
  /** How often each command was published, by identity and task. */
  readonly published: ReadonlyMap<string, number>;
  readonly deadLetters: readonly IncomingMessage[];
  readonly faults: readonly FaultDecision[];
  /** In which status the sagas were when things ceased to go wrong. */
  readonly midway: readonly SagaStatus[];
  /** What was first when a reply came in the millisecond of its deadline. */
  readonly ties: readonly ('reply' | 'timeout')[];
}

/** The steps of trouble in a whole schedule, from 1. */
const STEPS_OF_TROUBLE = 60;
/** Sagas start in the first of them. */
const LAST_START = 25;
/** Far beyond what healing takes; a run that reaches it goes in circles. */
const MOST_STEPS = 3_000;
const START = Date.UTC(2026, 0, 1);

/** How long nothing can happen at most, as long as things go wrong. */
const MOST_IDLE_MS = 2_000;

interface Operation {
  readonly id: string;
  readonly type: OperatorAction['type'];
}

const OPERATIONS = { retry: 'retries', compensate: 'compensates', skip: 'skips a step of' } as const;

const describeOperation = ({ id, type }: Operation): string => `${OPERATIONS[type]} saga ${sagaNumber(id)}`;

interface Task {
  readonly worker: Worker;
  readonly end: Promise<End>;
  readonly onEnd: (end: End) => void;
}

export class Simulation<Data> {
  private now = START;
  private readonly promised: string[] = [];
  private readonly ties: ('reply' | 'timeout')[] = [];
  private readonly scenario: Scenario<Data>;
  private readonly plan: Plan;
  private readonly saga: SagaDefinition<unknown, MemoryTransaction>;
  private readonly story: Story | null;
  private readonly dice: FaultDice;
  private readonly system: SimulatedSystem;
  /** Work in whose middle a process stands still. */
  private frozen: Task[] = [];
  private current: Worker | null = null;
  private readonly told = new Map<string, number>();
  private toStart: readonly number[];
  private readonly starts = new Map<number, number>();

  /** @param story - to be told what happens; null where nobody listens */
  constructor(scenario: Scenario<Data>, plan: Plan, story: Story | null) {
    this.scenario = scenario;
    this.plan = plan;
    this.story = story;
    this.toStart = plan.sagas;
    this.saga = withStandIns(scenario.saga, scenario.locals, scenario.attempts);
    this.dice = new FaultDice(plan.seed, scenario.faults, plan.allowed, (what) => {
      const colon = what.indexOf(': ');
      this.story?.add(this.now - START, what.slice(0, colon), what.slice(colon + 2), true);
      return this.now - START;
    });
    const { dice, tell } = this;
    this.system = new SimulatedSystem(this.saga, scenario.participants, { dice, tell, clock: () => this.now });
  }

  /** Runs to the end. @throws when the code under simulation does */
  async run(): Promise<RunResult> {
    let midway: SagaStatus[] = [];
    watchCrashPoints((point) => this.pass(point));
    try {
      await withVirtualDate(
        () => this.now + (this.current?.process.clockOffset ?? 0),
        async () => {
          for (const step of this.plan.steps) await this.troubledStep(step);
          midway = this.sagas().map(({ status }) => status);
          await this.heal();
        },
      );
    } finally {
      watchCrashPoints(null);
    }
    const { orders, services, broker, workers } = this.system;
    const queues = new Set(workers.map(({ consumer }) => deadLetterQueueOf(consumer.options.queue)));
    return {
      sagas: this.sagas().map(({ id }) => storedSagaIn(orders.peek(), id)!),
      effects: [orders, ...services.values()].flatMap((database) => effectsIn(database.peek())),
      promised: this.promised,
      published: broker.published,
      deadLetters: [...queues].flatMap((queue) => broker.lying(queue)),
      faults: this.dice.decisions,
      midway,
      ties: this.ties,
    };
  }

  /** @returns the faults that have happened, also when the run was cut short */
  faultsSoFar(): readonly FaultDecision[] {
    return this.dice.decisions;
  }

  private readonly tell = (who: string, what: () => string): void => this.story?.add(this.now - START, who, what());

  private sagas(): SagaColumns[] {
    return sagaRows(this.system.orders.peek());
  }

  /** Things that go wrong by themselves, and then some process does something. */
  private async troubledStep(number: number): Promise<void> {
    const { dice, system } = this;
    const occasion = dice.occasion(`step ${number}`);
    const { random } = occasion;
    // All is drawn before anything happens, so that what happens changes no draw.
    const idle = random.pick(system.workers);
    const [waits, waitMs, lullMs] = [random.next(), random.below(300), random.next()];
    await this.thaw();
    for (const saga of [...this.toStart]) if (this.startOf(saga) <= number) await this.start(saga);
    occasion.happens('pause', () => {
      const ms = idle.process.pauseMs();
      idle.process.awayUntil = Math.max(idle.process.awayUntil, this.now + ms);
      return `${idle.process.name}: stands still for ${inWords(ms)}`;
    });
    const { queue } = idle.consumer.options;
    const lying = system.broker.lying(queue);
    const purged = (): string => `broker: ${queue} is purged of ${list(lying) || 'nothing'}`;
    if (occasion.happens('purge', purged)) system.broker.purge(queue);
    if (occasion.happens('lull', () => 'everybody: is slow for a while'))
      return this.tick(Math.floor(lullMs * dice.faults.maxLullMs));
    const [whom, what] = [random.next(), random.next()];
    const operation = this.operation(whom, what);
    const acts = (): string => `operator: ${operation ? describeOperation(operation) : 'finds nothing to do'}`;
    if (occasion.happens('operate', acts)) return operation ? this.operate(operation, occasion) : undefined;
    if (waits < 0.1) return this.tick(waitMs);
    await this.step();
  }

  /** Nothing goes wrong any more, everyone is back, and an operator retries what is stuck. */
  private async heal(): Promise<void> {
    this.dice.enabled = false;
    this.tell('everybody', () => 'nothing goes wrong any more');
    await this.thaw(Infinity);
    for (const { process } of this.system.workers) process.restart(0);
    for (const saga of [...this.toStart]) await this.start(saga);
    for (let step = 0; step < MOST_STEPS; step++) {
      if (this.able().length > 0) {
        await this.step();
        continue;
      }
      const open = this.sagas().filter(({ status }) => !hasEnded(status));
      if (open.length === 0 && this.system.workers.every(({ consumer }) => consumer.nextSet() === null)) return;
      await this.tick(this.untilNext());
      if (open.every(({ status }) => status === 'stuck')) for (const { id } of open) await this.retry(id);
    }
    this.tell('everybody', () => 'it goes on and on');
  }

  /** @returns how long nothing happens by itself, in milliseconds */
  private untilNext(): number {
    const { workers, orchestrators } = this.system;
    const deadlines = this.sagas().flatMap(({ until }) => until ?? []);
    if (deadlines.some((at) => at <= this.now) && orchestrators.some((worker) => this.isHere(worker))) return 1;
    const others = workers.flatMap(({ process, consumer }) => [process.awayUntil, consumer.nextSet() ?? 0]);
    const next = Math.min(...[...deadlines, ...others].filter((at) => at > this.now));
    return Number.isFinite(next) ? next - this.now : 60_000;
  }

  private isHere({ process }: Worker): boolean {
    return process.awayUntil <= this.now && !this.frozen.some(({ worker }) => worker.process === process);
  }

  private able(): Worker[] {
    return this.system.workers.filter((worker) => worker.consumer.isReady() && this.isHere(worker));
  }

  /** Some process handles some messages, or a little time passes. */
  private async step(): Promise<void> {
    const able = this.able();
    if (able.length === 0)
      return this.tick(Math.min(this.untilNext(), MOST_IDLE_MS) + this.dice.chance.below('idle', 20));
    // Each draws a lot that depends on what it would take, so that the order is the same when something else is not there.
    const lots = able.map((worker) => {
      const { random } = this.dice.chance.draw(
        `${worker.process.name} takes ${describeMessage(worker.consumer.peek())}`,
      );
      return { worker, lot: random.next(), most: 1 + random.below(3) };
    });
    const { worker, most } = lots.reduce((first, other) => (other.lot < first.lot ? other : first));
    await this.handle(worker, most);
  }

  private async handle(worker: Worker, most: number): Promise<void> {
    const { consumer } = worker;
    const set = consumer.take(most);
    await this.as(
      worker,
      list(set),
      () => consumer.options.handleSet(set),
      (end) => {
        if (end === 'done') consumer.acknowledge();
        else if (end === 'failed') consumer.retry();
        else consumer.giveBack(100);
      },
    );
  }

  /** Time passes, and an orchestrator looks for deadlines. A reply that comes with its deadline is taken before or after. */
  private async tick(ms: number): Promise<void> {
    const { chance } = this.dice;
    const until = this.now + ms;
    const tie = this.tieBefore(until);
    this.now = tie ?? until;
    await this.thaw();
    const here = this.system.orchestrators.filter((worker) => this.isHere(worker));
    if (here.length === 0) return;
    const worker = chance.pick('deadlines', here);
    if (tie !== null) {
      const first = chance.pick('reply or deadline', ['reply', 'timeout'] as const);
      this.ties.push(first);
      if (first === 'reply' && worker.consumer.isReady()) return this.handle(worker, 3);
    }
    await this.as(worker, 'deadlines', () =>
      deadlineRound({ ...worker, runner: worker.runner, logger: SILENT, maxSetSize: 10 }),
    );
  }

  /** @returns the next millisecond up to `until` in which the reply to an awaited command arrives and its time is up, or null */
  private tieBefore(until: number): number | null {
    const arrivals = this.system.broker.arrivals(this.saga.replyAddress);
    if (arrivals.length === 0) return null;
    const deadlines = this.sagas().flatMap((saga) => saga.until ?? []);
    const ties = deadlines.filter((at) => at > this.now && at <= until && arrivals.includes(at));
    return ties.length === 0 ? null : Math.min(...ties);
  }

  /** @returns the step in which a saga is started */
  private startOf(saga: number): number {
    const known = this.starts.get(saga) ?? 1 + this.dice.chance.below(`start of saga ${saga}`, LAST_START);
    this.starts.set(saga, known);
    return known;
  }

  private async start(number: number): Promise<void> {
    const here = this.system.orchestrators.filter((worker) => this.isHere(worker));
    if (here.length === 0) return;
    this.toStart = this.toStart.filter((other) => other !== number);
    const id = Random.uuid(number);
    const { chance } = this.dice;
    const data = this.scenario.data(chance.draw(`data of saga ${number}`).random, number);
    const worker = chance.pick(`who starts saga ${number}`, here);
    const { process, transport, runner } = worker;
    this.tell('client', () => `starts saga ${number} at ${process.name}: ${JSON.stringify(data)}`);
    const store = memorySagaStore(this.system.orders, () => this.now);
    await this.as(worker, `the start of saga ${number}`, async () => {
      const { changes, commands } = await this.system.orders.transaction(async (tx) => {
        const first = await startSagas(store.within(tx), this.saga, [{ id, data }], this.now);
        process.pass('start:before-commit');
        return first;
      }, process.commitFaults);
      this.promised.push(id);
      this.pass('start:after-commit');
      runner.started(changes);
      await sendCommands(commands, transport, runner, SILENT);
    });
  }

  /** @returns what an operator might do: with a stuck saga, if there is one. @param whom - and `what`: choices from 0 up to 1 */
  private operation(whom: number, what: number): Operation | null {
    const open = this.sagas().filter(({ status }) => !hasEnded(status));
    const stuck = open.filter(({ status }) => status === 'stuck');
    const among = stuck.length > 0 ? stuck : open;
    const saga = among[Math.floor(whom * among.length)];
    if (!saga) return null;
    const types = ['retry', 'compensate', ...(stuck.length > 0 ? ['skip' as const] : [])] as const;
    return { id: saga.id, type: types[Math.floor(what * types.length)]! };
  }

  private async operate(operation: Operation, occasion: Occasion): Promise<void> {
    const [first, other = first] = this.system.orchestrators.filter((worker) => this.isHere(worker));
    if (!first) return;
    await this.operateAt(first, operation);
    // The first may stand still in the middle of it: then the two are at work at once.
    if (this.isHere(other!) && occasion.happens('operateTwice', () => 'operator: clicks twice'))
      await this.operateAt(other!, operation);
  }

  private async operateAt(worker: SimulatedSystem['orchestrators'][number], { id, type }: Operation): Promise<void> {
    const { transport, runner } = worker;
    await this.as(worker, describeOperation({ id, type }), async () => {
      try {
        const event = { type: 'operator', action: { type, by: 'operator', reason: 'simulated' } } as const;
        await sendCommands((await runner.apply(new Map([[id, [event]]]))).commands, transport, runner, SILENT);
      } catch (error) {
        if (!(error instanceof SagaError && error.code === 'ACTION_NOT_ALLOWED')) throw error;
        this.tell('operator', () => 'is told that this is not allowed');
      }
    });
  }

  private async retry(id: string): Promise<void> {
    this.tell('operator', () => `retries saga ${sagaNumber(id)}`);
    await this.operateAt(this.system.orchestrators[0]!, { id, type: 'retry' });
  }

  /** Has a process do something, until it is done or stands still. */
  private async as(
    worker: Worker,
    what: string,
    work: () => Promise<unknown>,
    onEnd: (end: End) => void = () => undefined,
  ): Promise<void> {
    const { process } = worker;
    this.current = worker;
    const frozen = process.frozen();
    await this.follow({ worker, end: process.run(what, work), onEnd }, frozen);
  }

  private async follow(task: Task, frozen: Promise<'frozen'>): Promise<void> {
    const { worker } = task;
    const { process, consumer } = worker;
    const end = await Promise.race([task.end, frozen]);
    this.tellProgress(process.name);
    this.current = null;
    if (end === 'frozen') {
      this.frozen.push(task);
      if (process.awayUntil - this.now <= GIVEN_UP_AFTER_MS) return;
      process.giveUp();
      consumer.giveBack(GIVEN_UP_AFTER_MS);
      return;
    }
    if (end === 'died')
      process.restart(this.now + this.dice.chance.below(`restart of ${process.name}`, this.dice.faults.maxRestartMs));
    process.reconnect();
    task.onEnd(end);
  }

  /** Has processes go on that stood still in the middle of their work. @param now - by when they do */
  private async thaw(now = this.now): Promise<void> {
    for (const task of this.frozen.filter(({ worker }) => worker.process.awayUntil <= now)) {
      this.frozen = this.frozen.filter((other) => other !== task);
      const { process } = task.worker;
      this.current = task.worker;
      this.tell(process.name, () => 'goes on');
      const frozen = process.frozen();
      process.thaw();
      await this.follow(task, frozen);
    }
    if (this.frozen.length > 0 && now === Infinity) await this.thaw(now);
  }

  /** What the code passes on its way; a commit is told of before what it causes. */
  private pass(point: string): void {
    if (!this.current) return;
    const { process } = this.current;
    if (point.endsWith(':after-commit')) this.tellProgress(process.name);
    process.pass(point);
  }

  private tellProgress(who: string): void {
    if (!this.story) return;
    const tx = this.system.orders.peek();
    for (const { id, version } of sagaRows(tx)) {
      const told = this.told.get(id) ?? 0;
      if (version <= told) continue;
      for (const input of storedSagaIn(tx, id)!.history.slice(told))
        this.tell(who, () => describeEntries(id, input.entries));
      this.told.set(id, version);
    }
  }
}

const list = (messages: readonly IncomingMessage[]): string => messages.map(describeMessage).join(', ');
