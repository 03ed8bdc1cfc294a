/** One run: a few sagas, and a time in which things go wrong, followed by one in which they do not. */
import { isDeepStrictEqual } from 'node:util';
import type { IncomingMessage } from '../contract/message.js';
import { deadLetterQueueOf } from '../contract/routing.js';
import { watchCrashPoints } from '../crash-point.js';
import type { SagaDefinition } from '../definition/saga.js';
import { awaitedCommandId, hasEnded, type SagaStatus } from '../engine/instance.js';
import { pollDeadlines } from '../orchestrator/handle-deadlines.js';
import { toJson } from '../store/json.js';
import { effectsIn } from './effects.js';
import { FaultDice, type FaultDecision } from './faults.js';
import { instanceIn, sagaRows, storedSagaIn, type SagaColumns } from './memory-saga-store.js';
import type { MemoryTransaction } from './memory-transaction.js';
import type { Plan, RunResult, Scenario } from './plan.js';
import { SimulatedClient } from './simulated-client.js';
import {
  chooseOperation,
  describeOperation,
  operate,
  operateAt,
  type Findings,
  type Operation,
} from './simulated-operator.js';
import { SILENT } from './simulated-process.js';
import { SimulatedSystem, type Orchestrator, type Worker } from './simulated-system.js';
import { withStandIns } from './stand-ins.js';
import { describeMessage, inWords, type Story, type Tell } from './story.js';
import { withVirtualDate } from './virtual-date.js';
import { WorkInHand } from './work-in-hand.js';

/** Far beyond what healing takes; a run that reaches it goes in circles. */
const MOST_STEPS = 3_000;
const START = Date.UTC(2026, 0, 1);

/** How long nothing can happen at most, as long as things go wrong. */
const MOST_IDLE_MS = 2_000;

export class Simulation<Data> {
  private now = START;
  private readonly ties: ('reply' | 'timeout')[] = [];
  private unnoticedJump = false;
  private readonly dataProblems = new Set<string>();
  /** What a step is given is what a process would read that was started anew, and is nobody's to change. */
  private readonly dataSeen = (step: string, data: unknown): void => {
    if (!isDeepStrictEqual(data, JSON.parse(toJson(data))))
      this.dataProblems.add(`${step} is given data that was not saved so`);
    if (!Object.isFrozen(data)) this.dataProblems.add(`${step} could change the data that others are given`);
  };
  private readonly plan: Plan;
  private readonly saga: SagaDefinition<never, MemoryTransaction>;
  private readonly story: Story | null;
  private readonly dice: FaultDice;
  private readonly system: SimulatedSystem;
  private readonly work: WorkInHand;
  private readonly client: SimulatedClient;

  /** @param story - to be told what happens; null where nobody listens */
  constructor(scenario: Scenario<Data>, plan: Plan, story: Story | null) {
    this.plan = plan;
    this.story = story;
    this.dice = new FaultDice(plan.seed, scenario.faults, plan.allowed, (what) => {
      const colon = what.indexOf(': ');
      this.story?.add(this.now - START, what.slice(0, colon), what.slice(colon + 2), true);
      return this.now - START;
    });
    this.saga = withStandIns(scenario.saga, scenario.locals, scenario.attempts, this.dataSeen, this.dice);
    const { saga, dice, tell } = this;
    const clock = (): number => this.now;
    const system = new SimulatedSystem(saga, scenario.participants, { dice, tell, clock });
    const work = new WorkInHand(dice, clock, system.orders, story && tell);
    const { data } = scenario;
    this.client = new SimulatedClient({ saga, data, system, work, chance: dice.chance, tell }, plan.sagas);
    this.system = system;
    this.work = work;
  }

  /** Runs to the end. @throws when the code under simulation does */
  async run(): Promise<RunResult> {
    let midway: SagaStatus[] = [];
    watchCrashPoints((point) => this.work.pass(point));
    try {
      await withVirtualDate(
        () => this.now + (this.work.current?.process.clockOffset ?? 0),
        async () => {
          for (const step of this.plan.steps) {
            if (this.isOver()) break;
            await this.troubledStep(step);
          }
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
      promised: this.client.promised,
      published: broker.published,
      errors: broker.errors,
      dataProblems: [...this.dataProblems],
      deadLetters: [...queues].flatMap((queue) => broker.stored(queue)),
      faults: this.dice.decisions,
      midway,
      ties: this.ties,
      unnoticedJump: this.unnoticedJump,
    };
  }

  /** @returns the faults that have happened, also when the run was cut short */
  faultsSoFar(): readonly FaultDecision[] {
    return this.dice.decisions;
  }

  private readonly tell: Tell = (who, what) => this.story?.add(this.now - START, who, what());

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
    await this.work.thaw();
    await this.client.startBy(number);
    occasion.happens('pause', () => {
      const ms = idle.process.pauseMs();
      idle.process.awayUntil = Math.max(idle.process.awayUntil, this.now + ms);
      return `${idle.process.name}: stands still for ${inWords(ms)}`;
    });
    const { queue } = idle.consumer.options;
    const stored = system.broker.stored(queue);
    const purged = (): string => `broker: ${queue} is purged of ${list(stored) || 'nothing'}`;
    if (occasion.happens('purge', purged)) system.broker.purge(queue);
    let jumpMs = 0;
    const jumps = (): string => {
      jumpMs = jumpOf(random.next(), dice.faults.maxJumpMs);
      return `database: its clock is set ${inWords(Math.abs(jumpMs))} ${jumpMs < 0 ? 'back' : 'ahead'}`;
    };
    const jumper = random.next();
    if (occasion.happens('jump', jumps)) return this.jump(jumpMs, jumper < 0.5);
    if (occasion.happens('lull', () => 'everybody: is slow for a while'))
      return this.tick(Math.floor(lullMs * dice.faults.maxLullMs));
    const [whom, what] = [random.next(), random.next()];
    const operation = (): Operation | null => chooseOperation(this.sagas(), (id) => this.findingsOf(id), whom, what);
    const acts = (): string => {
      const chosen = operation();
      return `operator: ${chosen ? describeOperation(chosen) : 'finds nothing to do'}`;
    };
    if (occasion.happens('operate', acts)) {
      const chosen = operation();
      return chosen ? operate(chosen, this.orchestratorsHere(), this.work, this.tell, occasion) : undefined;
    }
    if (waits < 0.1) return this.tick(waitMs);
    await this.step();
  }

  /** Nothing goes wrong any more, everyone is back, and an operator mends what is stuck. */
  private async heal(): Promise<void> {
    this.dice.enabled = false;
    this.tell('everybody', () => 'nothing goes wrong any more');
    await this.work.thaw(Infinity);
    for (const { process } of this.system.workers) process.awayUntil = 0;
    await this.client.startBy(Infinity);
    for (let step = 0; step < MOST_STEPS; step++) {
      if (this.able().length > 0) {
        await this.step();
        continue;
      }
      const open = this.sagas().filter(({ status }) => !hasEnded(status));
      if (this.isOver()) return;
      await this.tick(this.untilNext());
      if (open.every(({ status }) => status === 'stuck')) for (const saga of open) await this.mend(saga);
    }
    this.tell('everybody', () => 'it goes on and on');
  }

  /** Retries what is stuck; where that brings the same useless answer again, its outcome is accepted, or given up. */
  private async mend({ id, version }: SagaColumns): Promise<void> {
    const { meant } = this.findingsOf(id);
    const accepts = meant && this.dice.chance.next(`accept or give up ${id}`) < 0.5;
    const type = meant ? (accepts ? 'accept' : 'give-up') : 'retry';
    const operation = { id, type, ...(accepts ? { version, reply: meant.reply } : {}) } as const;
    this.tell('operator', () => describeOperation(operation));
    await operateAt(this.system.orchestrators[0]!, operation, this.work, this.tell);
  }

  private findingsOf(id: string): Findings {
    const instance = instanceIn(this.system.orders.peek(), id);
    const commandId = instance ? awaitedCommandId(instance) : null;
    return {
      payload: instance?.awaited?.payload,
      meant: commandId === null ? null : this.system.broker.meantBy(commandId),
    };
  }

  /** @returns whether nothing can happen any more: all sagas have ended, and no message lies anywhere */
  private isOver(): boolean {
    return (
      this.client.isDone() &&
      !this.work.isAnyFrozen() &&
      this.sagas().every(({ status }) => hasEnded(status)) &&
      this.system.workers.every(({ consumer }) => consumer.nextSet() === null)
    );
  }

  /** @returns how long nothing happens by itself, in milliseconds */
  private untilNext(): number {
    const { workers } = this.system;
    const deadlines = this.deadlines();
    if (deadlines.some((at) => at <= this.now) && this.orchestratorsHere().length > 0) return 1;
    const others = workers.flatMap(({ process, consumer }) => [process.awayUntil, consumer.nextSet() ?? 0]);
    const next = Math.min(...[...deadlines, ...others].filter((at) => at > this.now));
    return Number.isFinite(next) ? next - this.now : 60_000;
  }

  private orchestratorsHere(): Orchestrator[] {
    return this.system.orchestrators.filter((worker) => this.work.isHere(worker));
  }

  private able(): Worker[] {
    return this.system.workers.filter((worker) => worker.consumer.isReady() && this.work.isHere(worker));
  }

  /** Some process handles some messages, or a little time passes. */
  private async step(): Promise<void> {
    const able = this.able();
    if (able.length === 0)
      return this.tick(Math.min(this.untilNext(), MOST_IDLE_MS) + this.dice.chance.below('idle', 20));
    // Each draws a lot that depends on what it would take, so that the order is the same when something else is not
    // there.
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
    const batch = consumer.take(most);
    let later: IncomingMessage[] = [];
    await this.work.as(
      worker,
      list(batch),
      async () => {
        const unfinished = await consumer.options.handleBatch(batch);
        later = [...(unfinished?.later ?? [])];
        for (const suspect of unfinished?.suspects ?? []) later.push(...(await suspect.handleIsolated()));
      },
      (end) => {
        if (end === 'done') consumer.acknowledge(later);
        else if (end === 'failed') consumer.retry();
        else consumer.giveBack(100);
      },
    );
  }

  /**
   * Time passes, and an orchestrator looks for deadlines. A reply that comes with its deadline is taken before or
   * after.
   */
  private async tick(ms: number): Promise<void> {
    const { chance } = this.dice;
    const until = this.now + ms;
    const tie = this.tieBefore(until);
    this.now = tie ?? until;
    await this.work.thaw();
    const here = this.orchestratorsHere();
    if (here.length === 0) return;
    const worker = chance.pick('deadlines', here);
    if (tie !== null) {
      const first = chance.pick('reply or deadline', ['reply', 'timeout'] as const);
      this.ties.push(first);
      if (first === 'reply' && worker.consumer.isReady()) return this.handle(worker, 3);
    }
    await this.poll(worker);
  }

  /** @returns whether the process got to its end */
  private async poll(worker: Orchestrator): Promise<boolean> {
    let done = false;
    await this.work.as(
      worker,
      'deadlines',
      () => pollDeadlines({ ...worker, runner: worker.runner, logger: SILENT, maxBatchSize: 10 }),
      (end) => (done = end === 'done'),
    );
    return done;
  }

  /**
   * The clock of the orchestrators' database is set. Every process that is there looks for deadlines four times a
   * second, before and after.
   */
  private async jump(ms: number, worksFirst: boolean): Promise<void> {
    for (const worker of this.orchestratorsHere()) await this.poll(worker);
    const knowing = this.orchestratorsHere().filter(({ store }) => store.clock() !== null);
    const stores = new Set(knowing.map(({ store }) => store));
    this.system.databaseAheadMs += ms;
    const first = knowing.find(({ consumer }) => consumer.isReady());
    if (worksFirst && first) await this.handle(first, 3);
    let noticed = false;
    for (const worker of [...knowing, ...this.orchestratorsHere()]) {
      // It hears of the jump in one round, and makes it good in the next; a round may fail.
      for (let rounds = 0, done = 0; rounds < 5 && done < 2 && this.work.isHere(worker); rounds++) {
        if (await this.poll(worker)) done++;
        noticed ||= done === 2 && stores.has(worker.store);
      }
    }
    this.unnoticedJump ||= !noticed;
  }

  /** @returns when the time of awaited commands is up, as time passes here */
  private deadlines(): number[] {
    return this.sagas().flatMap(({ until }) => (until === null ? [] : until - this.system.sagasAheadMs));
  }

  /**
   * @returns the next millisecond up to `until` in which the reply to an awaited command arrives and its time is up, or
   *   null
   */
  private tieBefore(until: number): number | null {
    const arrivals = this.system.broker.arrivals(this.saga.replyAddress);
    if (arrivals.length === 0) return null;
    const deadlines = this.deadlines();
    const ties = deadlines.filter((at) => at > this.now && at <= until && arrivals.includes(at));
    return ties.length === 0 ? null : Math.min(...ties);
  }
}

/** @returns at least a minute, ahead or back. @param where - from 0 up to 1 */
const jumpOf = (where: number, most: number): number =>
  Math.round((2 * where - 1) * most) + (where < 0.5 ? -60_000 : 60_000);

const list = (messages: readonly IncomingMessage[]): string => messages.map(describeMessage).join(', ');
