/** The orchestrator of the floor: holds so many sagas in flight, each of which sends the commands of the definition. */
import { uuidv7 } from 'uuidv7';
import { Latencies, type Speed } from '../lib/latencies.js';
import { GOOD_ORDER } from '../lib/order.js';
import { COMMANDS, REPLY_ADDRESS, SAGA_NAME, type SagaData } from '../lib/saga.js';
import { COMMANDS_EXCHANGE, type Broker, type IncomingMessage, type OutgoingMessage } from './broker.js';
import type { FloorConfig } from './config.js';
import type { Database } from './database.js';

const TABLES = `
  create table orders (order_id uuid primary key, status text, price integer, items jsonb) with (fillfactor = 50);
  create table saga (saga_id uuid primary key, sequence integer, step integer, deadline timestamptz, data jsonb)
    with (fillfactor = 50)`;

const START = `
  with placed as (
    insert into orders select id, 'APPROVAL_PENDING', ${GOOD_ORDER.price}, items
    from unnest($2::uuid[], $3::jsonb[]) as input (id, items)
  )
  insert into saga select id, 2, 0, clock_timestamp() + interval '10 s', items
  from unnest($1::uuid[], $3::jsonb[]) as input (id, items)`;

const STEP = `
  with approved as (update orders set status = 'APPROVED' where order_id = any($3::uuid[]))
  update saga set step = input.step, sequence = input.step + 2, deadline = clock_timestamp() + interval '10 s'
  from unnest($1::uuid[], $2::integer[]) as input (id, step) where saga_id = input.id`;

const ITEMS = JSON.stringify(GOOD_ORDER.items);

interface Saga {
  readonly id: string;
  readonly begun: number;
  data: SagaData;
  /** How many commands were answered. */
  answered: number;
}

/** Places orders and drives their sagas. */
export class Orchestrator {
  private readonly config: FloorConfig;
  private readonly database: Database;
  private readonly broker: Broker;
  private readonly sagas = new Map<string, Saga>();
  private readonly latencies: Latencies;
  private placed = 0;
  private ended = 0;
  /** Orders that were placed, and whose sagas are not yet begun. */
  private waiting = 0;
  private isStarting = false;
  private finish: () => void = () => undefined;

  constructor(config: FloorConfig, database: Database, broker: Broker) {
    this.config = config;
    this.database = database;
    this.broker = broker;
    this.latencies = new Latencies(config.warmUp);
  }

  /** @returns once it consumes */
  async prepare(): Promise<void> {
    await this.database.run(TABLES);
    await this.broker.declare(REPLY_ADDRESS, REPLY_ADDRESS, '#');
    await this.broker.consume(REPLY_ADDRESS, (replies) => this.advance(replies));
  }

  /** Places all orders. @returns how fast it was, once all have ended */
  async run(): Promise<Speed> {
    const finished = new Promise<void>((resolve) => (this.finish = resolve));
    for (let index = 0; index < this.config.inFlight; index++) this.place();
    await finished;
    return this.latencies.summary();
  }

  private place(): void {
    if (this.placed === this.config.orders) return;
    this.placed++;
    this.waiting++;
    if (this.isStarting) return;
    this.isStarting = true;
    setImmediate(() => void this.start());
  }

  private async start(): Promise<void> {
    while (this.waiting > 0) {
      const batch = Array.from({ length: this.waiting }, newSaga);
      this.waiting = 0;
      for (const saga of batch) this.sagas.set(saga.id, saga);
      await this.database.execute('start', START, [
        batch.map(({ id }) => id),
        batch.map(({ data }) => data.orderId),
        batch.map(() => ITEMS),
      ]);
      void this.broker.publish(batch.map(nextCommand));
    }
    this.isStarting = false;
  }

  private async advance(replies: readonly IncomingMessage[]): Promise<void> {
    const moved = replies.map(({ correlationId }) => this.sagas.get(correlationId.slice(0, 36))!);
    for (const saga of moved) {
      saga.data = { ...saga.data, ...COMMANDS[saga.answered]!.onReply(saga.data) };
      saga.answered++;
    }
    const done = moved.filter(({ answered }) => answered === COMMANDS.length);
    const going = moved.filter(({ answered }) => answered < COMMANDS.length);
    await this.database.execute('step', STEP, [
      moved.map(({ id }) => id),
      moved.map(({ answered }) => answered),
      done.map(({ data }) => data.orderId),
    ]);
    for (const saga of done) this.end(saga);
    await this.broker.publish(going.map(nextCommand));
  }

  private end(saga: Saga): void {
    this.sagas.delete(saga.id);
    this.latencies.add(saga.begun, this.placed < this.config.orders);
    this.ended++;
    if (this.ended === this.config.orders) this.finish();
    this.place();
  }
}

const newSaga = (): Saga => ({
  id: uuidv7(),
  begun: performance.now(),
  data: { orderId: uuidv7(), ...GOOD_ORDER },
  answered: 0,
});

function nextCommand(saga: Saga): OutgoingMessage {
  const { task, step, build } = COMMANDS[saga.answered]!;
  return {
    exchange: COMMANDS_EXCHANGE,
    routingKey: task,
    correlationId: `${saga.id}:${step + 1}`,
    replyTo: REPLY_ADDRESS,
    headers: { 'x-saga-id': saga.id, 'x-saga-name': SAGA_NAME, 'x-saga-step': task, 'x-saga-attempt': 1 },
    body: build(saga.data),
  };
}
