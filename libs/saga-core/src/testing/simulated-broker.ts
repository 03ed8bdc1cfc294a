/** A broker in memory that loses, doubles, delays and reorders. It serves one process at a time, so nothing in it is concurrent. */
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import { COMMAND_EXCHANGE, DEAD_LETTER_EXCHANGE, commandQueueOf, serviceOf } from '../contract/routing.js';
import { SagaError } from '../errors.js';
import type { PublishOutcome, Transport } from '../transport/transport.js';
import type { FaultDice, Faults } from './faults.js';

interface Queued {
  readonly message: IncomingMessage;
  readonly deliverAt: number;
}

export class SimulatedBroker {
  readonly dead: OutgoingMessage[] = [];
  private readonly queues: ReadonlyMap<string, Queued[]>;
  private readonly dice: FaultDice;
  private readonly faults: Faults;
  private readonly clock: () => number;
  private readonly tell: (line: string) => void;

  constructor(
    queues: readonly string[],
    dice: FaultDice,
    faults: Faults,
    clock: () => number,
    tell: (line: string) => void,
  ) {
    this.queues = new Map(queues.map((queue) => [queue, []]));
    this.dice = dice;
    this.faults = faults;
    this.clock = clock;
    this.tell = tell;
  }

  /** @returns the transport of one process. @param assertAlive - throws when the process is dead */
  transportFor(assertAlive: () => void): Transport {
    const notSimulated = (): never => {
      throw new Error('A simulated process is driven from outside');
    };
    return {
      isReady: () => true,
      canPublish: () => true,
      use: notSimulated,
      consume: notSimulated,
      close: () => Promise.resolve(),
      exchangeExists: async (exchange) => {
        assertAlive();
        return this.queues.has(exchange);
      },
      publish: async (messages) => {
        assertAlive();
        return this.publish(messages);
      },
    };
  }

  /** @returns the queues that have something to deliver now */
  ready(): string[] {
    return [...this.queues.keys()].filter((queue) => this.due(queue).length > 0);
  }

  /** @returns when the next delayed message is due, or null */
  nextDelivery(): number | null {
    const times = [...this.queues.values()].flat().map(({ deliverAt }) => deliverAt);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Takes up to `count` messages off a queue, in any order. */
  take(queue: string, count: number): IncomingMessage[] {
    const taken: IncomingMessage[] = [];
    for (let due = this.due(queue); due.length > 0 && taken.length < count; due = this.due(queue)) {
      const entry = this.dice.random.pick(due);
      const entries = this.queues.get(queue)!;
      entries.splice(entries.indexOf(entry), 1);
      taken.push(entry.message);
    }
    return taken;
  }

  /** Puts unacknowledged messages back. */
  redeliver(queue: string, messages: readonly IncomingMessage[], afterMs: number): void {
    for (const message of messages)
      this.queues
        .get(queue)!
        .push({ message: { ...message, redelivered: true, deliveredBefore: true }, deliverAt: this.clock() + afterMs });
  }

  private due(queue: string): Queued[] {
    return this.queues.get(queue)!.filter(({ deliverAt }) => deliverAt <= this.clock());
  }

  private publish(messages: readonly OutgoingMessage[]): PublishOutcome[] {
    if (messages.length === 0) return [];
    const fails = this.dice.happens('publishing fails', this.faults.failPublish);
    const arrives = messages.map((message) => ({ message, arrives: !fails || this.dice.random.next() < 0.5 }));
    const outcomes = arrives.map(({ message, arrives: reached }) => (reached ? this.route(message) : 'confirmed'));
    if (fails) {
      this.tell('  publishing fails');
      throw new SagaError('TRANSPORT_UNAVAILABLE', 'simulated');
    }
    return outcomes;
  }

  private route(message: OutgoingMessage): PublishOutcome {
    const { exchange, routingKey, correlationId } = message;
    if (exchange === DEAD_LETTER_EXCHANGE) {
      this.dead.push(message);
      return 'confirmed';
    }
    const entries = this.queues.get(exchange === COMMAND_EXCHANGE ? commandQueueOf(serviceOf(routingKey)) : exchange);
    const what = `${routingKey} ${shortId(correlationId)}`;
    if (!entries || this.dice.happens(`${what} finds no queue`, this.faults.unroutable)) {
      this.tell(`  ${what} finds no queue`);
      return 'returned';
    }
    if (this.dice.happens(`${what} is lost`, this.faults.drop)) {
      this.tell(`  ${what} is lost`);
      return 'confirmed';
    }
    const copies = this.dice.happens(`${what} is doubled`, this.faults.double) ? 2 : 1;
    // Both copies are drawn for, so that a schedule with one fault less is otherwise the same.
    for (let copy = 1; copy <= 2; copy++) {
      const late = this.dice.happens(`${what} is late`, this.faults.delay);
      const delay = this.dice.random.below(this.faults.maxDelayMs);
      if (copy <= copies) entries.push({ message: delivered(message), deliverAt: this.clock() + (late ? delay : 1) });
    }
    this.tell(`  ${what} sent${copies > 1 ? ', twice' : ''}`);
    return 'confirmed';
  }
}

/** @returns the end of a command's identity, enough to tell it from others in a story */
export function shortId(commandId: string | undefined): string {
  return commandId === undefined ? '' : `#${commandId.replace(/^.*0{6,}/, '')}`;
}

function delivered({ exchange, routingKey, correlationId, replyTo, headers, body }: OutgoingMessage): IncomingMessage {
  return { exchange, routingKey, correlationId, replyTo, headers, body, redelivered: false, deliveredBefore: false };
}
