/**
 * A broker in memory that loses, doubles, delays and reorders. Exchanges, queues and bindings are those that the real
 * topology declares.
 */
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import { refuse, type Outcome } from '../contract/outcome.js';
import { parseReply, replyMessage } from '../contract/reply-message.js';
import { whyUnsendable } from '../contract/sendable.js';
import { COMMAND_EXCHANGE, DEAD_LETTER_EXCHANGE } from '../contract/routing.js';
import { SagaError } from '../errors.js';
import type { Topology } from '../transport/topology.js';
import type { ConsumeOptions, PublishOutcome, Transport } from '../transport/transport.js';
import type { FaultDice } from './faults.js';
import { SimulatedConsumer } from './simulated-consumer.js';
import { describeMessage, inWords, type Tell } from './story.js';

/** The way of one process to the broker. */
export interface Link {
  readonly name: string;
  /** Throws when the process is dead. */
  assertAlive(): void;
  /**
   * Resolves when the process may publish; it may stand still before.
   *
   * @throws {SagaError} TRANSPORT_UNAVAILABLE when the broker has given it up
   */
  reach(): Promise<void>;
}

/** A transport whose consumers are driven from outside. */
export interface SimulatedTransport extends Transport {
  consume(options: ConsumeOptions): SimulatedConsumer;
}

/** What the broker needs of the world around it. */
export interface World {
  readonly dice: FaultDice;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly tell: Tell;
  /** @returns when the time of an awaited command is up, or null */
  readonly deadlineOf: (commandId: string) => number | null;
}

interface Queued {
  readonly message: IncomingMessage;
  readonly deliverAt: number;
}

interface Binding {
  readonly queue: string;
  readonly pattern: RegExp;
}

export class SimulatedBroker {
  /** How often each command was published, by identity and task. */
  readonly published = new Map<string, number>();
  /** How often participants have answered each command with an error, by identity. */
  readonly errors = new Map<string, number>();
  private readonly tasks = new Set<string>();
  /** Replies whose participants answer, and keep, something else, by command. */
  private readonly spoilt = new Map<string, { readonly reply: unknown } | null>();
  private readonly exchanges = new Map<string, Binding[]>();
  private readonly queues = new Map<string, Queued[]>();
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  /** @returns the transport of one process */
  transportFor(link: Link): SimulatedTransport {
    return {
      isReady: () => true,
      canPublish: () => true,
      untilReady: () => Promise.resolve(),
      use: (topology) => this.declare(topology),
      consume: (options) => new SimulatedConsumer(options, this, this.world.clock),
      close: async () => undefined,
      canPublishTo: async (exchange) => {
        link.assertAlive();
        return this.exchanges.has(exchange);
      },
      publish: async (messages) => {
        if (messages.length === 0) return [];
        await link.reach();
        return this.publish(link, messages);
      },
    };
  }

  /**
   * @returns what a participant should have answered to a command, where it answers what is of no use; null where it
   *   does not
   */
  meantBy(commandId: string): { readonly reply: unknown } | null {
    return this.spoilt.get(commandId) ?? null;
  }

  /** @returns the messages that lie in a queue, oldest first */
  stored(queue: string): IncomingMessage[] {
    return (this.queues.get(queue) ?? []).map(({ message }) => message);
  }

  /** @returns the message that a queue delivers next */
  next(queue: string): IncomingMessage {
    return this.queues.get(queue)!.reduce((first, other) => (other.deliverAt < first.deliverAt ? other : first))
      .message;
  }

  /** @returns when the messages of a queue can be taken, in milliseconds since the epoch */
  arrivals(queue: string): number[] {
    return (this.queues.get(queue) ?? []).map(({ deliverAt }) => deliverAt);
  }

  /** @returns whether a queue has something to deliver now */
  isDue(queue: string): boolean {
    return this.queues.get(queue)?.some(({ deliverAt }) => deliverAt <= this.world.clock()) ?? false;
  }

  /** @returns when the next message of a queue is due, or null */
  nextDelivery(queue: string): number | null {
    const times = this.queues.get(queue)!.map(({ deliverAt }) => deliverAt);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Takes up to `count` messages off a queue, oldest first, unless one overtakes. */
  take(queue: string, count: number): IncomingMessage[] {
    const { dice, clock } = this.world;
    const entries = this.queues.get(queue)!;
    const taken: IncomingMessage[] = [];
    while (taken.length < count) {
      const due = entries.filter(({ deliverAt }) => deliverAt <= clock()).sort((a, b) => a.deliverAt - b.deliverAt);
      if (due.length === 0) break;
      let next = due[0]!;
      if (due.length > 1) {
        const occasion = dice.occasion(`overtaking in ${queue}`);
        const other = occasion.random.pick(due.slice(1));
        const words = () => `broker: ${describeMessage(other.message)} overtakes ${describeMessage(due[0]!.message)}`;
        if (occasion.happens('reorder', words)) next = other;
      }
      entries.splice(entries.indexOf(next), 1);
      taken.push(next.message);
    }
    return taken;
  }

  /** Puts unacknowledged messages back, for any process. */
  redeliver(queue: string, messages: readonly IncomingMessage[], afterMs: number): void {
    for (const message of messages)
      this.queues.get(queue)!.push({
        message: { ...message, redelivered: true, deliveredBefore: true },
        deliverAt: this.world.clock() + afterMs,
      });
  }

  /** Loses all that a queue holds. */
  purge(queue: string): void {
    this.queues.set(queue, []);
  }

  private declare({ exchanges, queues, bindings }: Topology): void {
    for (const { name } of exchanges) if (!this.exchanges.has(name)) this.exchanges.set(name, []);
    for (const { name } of queues) if (!this.queues.has(name)) this.queues.set(name, []);
    for (const { queue, exchange, pattern } of bindings) {
      const bound = this.exchanges.get(exchange)!;
      const words = pattern.split('.').map((word) => (word === '*' ? '[^.]*' : word));
      const binding = { queue, pattern: new RegExp(`^${words.join('[.]')}$`) };
      if (!bound.some((other) => other.queue === queue && other.pattern.source === binding.pattern.source))
        bound.push(binding);
    }
  }

  private publish({ name }: Link, messages: readonly OutgoingMessage[]): PublishOutcome[] {
    const { dice } = this.world;
    for (const message of messages) {
      if (message.exchange === COMMAND_EXCHANGE) this.count(`${message.correlationId} ${message.routingKey}`);
      else this.noteAnswer(name, message);
    }
    const occasion = dice.occasion(`${name} publishes ${messages.map(describeMessage).join(', ')}`);
    const fails = occasion.happens('failPublish', () => `${name}: publishing fails`);
    const outcomes = messages.map((message) => {
      const arrives = !fails || occasion.random.next() < 0.5;
      if (fails)
        this.world.tell(
          name,
          () => `${describeMessage(message)} ${arrives ? 'arrives all the same' : 'does not arrive'}`,
        );
      return arrives ? this.route(message) : 'confirmed';
    });
    if (fails) throw new SagaError('TRANSPORT_UNAVAILABLE', 'simulated: the connection to the broker was lost');
    return outcomes;
  }

  /**
   * @returns a reply under the same identity that says the opposite, of another task; null as long as no other task is
   *   known
   */
  private misaddressed(message: OutgoingMessage): OutgoingMessage | null {
    const reply = parseReply(delivered(message));
    const task = [...this.tasks].find((other) => other !== reply?.task);
    if (!reply || task === undefined) return null;
    const outcome: Outcome =
      reply.outcome.kind === 'success' ? refuse('NO', 'somebody else says no') : { kind: 'success', reply: {} };
    return replyMessage({ ...reply, task, outcome }, message.exchange);
  }

  private count(command: string): void {
    this.tasks.add(command.split(' ')[1]!);
    this.published.set(command, (this.published.get(command) ?? 0) + 1);
  }

  private noteAnswer(name: string, message: OutgoingMessage): void {
    this.world.tell(name, () => `answers ${describeMessage(message)}`);
    const reply = parseReply(delivered(message));
    if (reply?.outcome.kind === 'error') this.errors.set(reply.commandId, (this.errors.get(reply.commandId) ?? 0) + 1);
  }

  /** Whatever a participant answers, it answers again. */
  private answered(message: OutgoingMessage): OutgoingMessage {
    const { correlationId = '', routingKey, body } = message;
    if (!routingKey.endsWith('.response.success')) return message;
    if (!this.spoilt.has(correlationId)) {
      const occasion = this.world.dice.occasion(`answer ${describeMessage(message)}`);
      const spoils = occasion.happens('spoil', () => `participant: ${describeMessage(message)} breaks its contract`);
      this.spoilt.set(correlationId, spoils ? { reply: JSON.parse(body.toString()) as unknown } : null);
    }
    return this.spoilt.get(correlationId) ? { ...message, body: Buffer.from('[]') } : message;
  }

  private route(given: OutgoingMessage): PublishOutcome {
    const message = given.exchange === COMMAND_EXCHANGE ? given : this.answered(given);
    const { exchange, routingKey, correlationId } = message;
    const bindings = this.exchanges.get(exchange);
    if (!bindings && exchange === COMMAND_EXCHANGE)
      throw new SagaError('TRANSPORT_UNAVAILABLE', `There is no exchange ${exchange}`);
    if (!bindings || whyUnsendable(message, Infinity) !== null) return 'refused';
    const queues = bindings.filter(({ pattern }) => pattern.test(routingKey)).map(({ queue }) => queue);
    const { dice, clock, deadlineOf } = this.world;
    const what = describeMessage(message);
    if (queues.length === 0) return 'returned';
    // What people look at must be trusted; that a dead letter may be refused is tested elsewhere.
    const entries = this.queues.get(queues[0]!)!;
    if (exchange === DEAD_LETTER_EXCHANGE) {
      entries.push({ message: delivered(message), deliverAt: clock() });
      return 'confirmed';
    }
    const occasion = dice.occasion(what);
    if (occasion.happens('refuse', () => `broker: ${what} is refused`)) return 'refused';
    const delays = [occasion.random.below(dice.faults.maxDelayMs), occasion.random.below(dice.faults.maxDelayMs)];
    if (occasion.happens('unroutable', () => `broker: no queue takes ${what}`)) return 'returned';
    if (occasion.happens('drop', () => `broker: ${what} is lost`)) return 'confirmed';
    const copies = occasion.happens('double', () => `broker: ${what} is doubled`) ? 2 : 1;
    const due = exchange === COMMAND_EXCHANGE || !correlationId ? null : deadlineOf(correlationId);
    for (const delay of delays.slice(0, copies)) {
      let after = 1;
      const inTime = due !== null && due > clock();
      if (inTime && occasion.happens('tie', () => `broker: ${what} takes until its deadline`)) after = due - clock();
      else if (occasion.happens('delay', () => `broker: ${what} is ${inWords(delay)} late`)) after += delay;
      entries.push({ message: delivered(message), deliverAt: clock() + after });
    }
    const wrong = exchange === COMMAND_EXCHANGE ? null : this.misaddressed(message);
    if (wrong && occasion.happens('misaddress', () => `broker: ${describeMessage(wrong)} comes before it`))
      entries.push({ message: delivered(wrong), deliverAt: clock() });
    return 'confirmed';
  }
}

function delivered({ exchange, routingKey, correlationId, replyTo, headers, body }: OutgoingMessage): IncomingMessage {
  return { exchange, routingKey, correlationId, replyTo, headers, body, redelivered: false, deliveredBefore: false };
}
