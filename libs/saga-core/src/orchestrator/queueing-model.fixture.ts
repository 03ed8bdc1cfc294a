/**
 * Sagas, participants and clients in virtual time, as far as it matters for the limit of sagas in flight: who waits for
 * whom, and how long.
 */
import type { SagaInstance } from '../engine/instance.js';
import { CONSTANTS, DEFAULTS } from '../settings.js';
import { InFlightLimit, type ReplyWait } from './in-flight-limit.js';
import { InstanceCache } from './instance-cache.js';

/** What takes its waiting messages in batches, one after the other, or all at once. */
export interface Station {
  /** @returns how long a batch takes, in milliseconds. @param at - since the beginning */
  readonly batchMs: (messages: number, at: number) => number;
  /** Nothing waits for anything else. */
  readonly isWide?: boolean;
}

export interface Model {
  readonly orchestrator: Station;
  readonly steps: readonly (Station & { readonly timeoutMs: number })[];
  readonly limited: boolean;
}

export interface Totals {
  taken: number;
  refused: number;
  completed: number;
  /** Replies that came when their time was up. */
  timedOut: number;
}

interface Flow {
  readonly instance: SagaInstance;
  step: number;
  sentAt: number;
}

/** The clock that `performance.now` is to say. */
export class VirtualTime {
  now = 1_000_000;
  private readonly events: { readonly at: number; readonly happen: () => void }[] = [];

  after(ms: number, happen: () => void): void {
    const at = this.now + ms;
    let [low, high] = [0, this.events.length];
    // The latest come first, so that the next is the last.
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.events[middle]!.at > at) low = middle + 1;
      else high = middle;
    }
    this.events.splice(low, 0, { at, happen });
  }

  /** Lets it pass, until then or until nothing happens any more. */
  run(ms = Infinity): void {
    const until = this.now + ms;
    while (this.events.length > 0 && this.events.at(-1)!.at <= until) {
      const { at, happen } = this.events.pop()!;
      this.now = at;
      happen();
    }
    if (ms !== Infinity) this.now = until;
  }
}

/** A client is answered, and asks again. */
const ASK_AGAIN_MS = 150;

export class QueueingModel {
  readonly totals: Totals = { taken: 0, refused: 0, completed: 0, timedOut: 0 };
  private readonly begun: number;
  private readonly cache = new InstanceCache();
  private readonly limit = new InFlightLimit(() => this.cache.countSaved(CONSTANTS.inFlightForMs));
  private readonly time: VirtualTime;
  private readonly model: Model;
  private readonly commands: readonly ((flow: Flow) => void)[];
  private readonly reply: (flow: Flow) => void;

  constructor(time: VirtualTime, model: Model) {
    this.time = time;
    this.model = model;
    this.begun = time.now;
    this.commands = model.steps.map((station) =>
      this.queue(station, (flows) => flows.forEach((flow) => this.reply(flow))),
    );
    this.reply = this.queue(model.orchestrator, (flows) => this.advance(flows));
  }

  /** A client asks. @returns whether its saga is taken */
  start(): boolean {
    if (this.model.limited && !this.limit.allows(1)) {
      this.totals.refused++;
      return false;
    }
    const id = String(++this.totals.taken);
    this.send({ instance: { id, version: 1, status: 'running' } as SagaInstance, step: 0, sentAt: 0 });
    return true;
  }

  /** Starts so many each second, for so long. */
  arrivals(perSecond: number, seconds: number): void {
    for (let number = 0; number < perSecond * seconds; number++)
      this.time.after((number * 1_000) / perSecond, () => this.start());
  }

  /** Clients that ask again as soon as they are answered, until so many have asked. */
  clients(count: number, orders: number): void {
    let asked = 0;
    const ask = (): void => {
      if (asked++ >= orders) return;
      this.start();
      this.time.after(ASK_AGAIN_MS, ask);
    };
    for (let client = 0; client < count; client++) this.time.after(client / 100, ask);
  }

  private send(flow: Flow): void {
    flow.sentAt = this.time.now;
    this.cache.saved([flow.instance]);
    this.commands[flow.step]!(flow);
  }

  private advance(flows: readonly Flow[]): void {
    const waits = flows.map(({ step, sentAt }): ReplyWait => {
      const { timeoutMs } = this.model.steps[step]!;
      return { task: String(step), waitedMs: this.time.now - sentAt, timeoutMs };
    });
    this.totals.timedOut += waits.filter(({ waitedMs, timeoutMs }) => waitedMs > timeoutMs).length;
    this.limit.note(waits);
    for (const flow of flows) {
      flow.step++;
      if (flow.step < this.commands.length) {
        this.send(flow);
        continue;
      }
      this.totals.completed++;
      this.cache.saved([{ ...flow.instance, version: 2, status: 'completed' }]);
    }
  }

  private queue({ batchMs, isWide }: Station, done: (flows: readonly Flow[]) => void): (flow: Flow) => void {
    if (isWide) return (flow) => this.time.after(batchMs(1, this.time.now - this.begun), () => done([flow]));
    const waiting: Flow[] = [];
    let isBusy = false;
    const next = (): void => {
      isBusy = waiting.length > 0;
      if (!isBusy) return;
      const batch = waiting.splice(0, DEFAULTS.maxBatchSize);
      this.time.after(batchMs(batch.length, this.time.now - this.begun), () => {
        done(batch);
        next();
      });
    };
    return (flow) => {
      waiting.push(flow);
      // Those that come in the same moment are taken together.
      if (!isBusy) {
        isBusy = true;
        this.time.after(0, next);
      }
    };
  }
}
