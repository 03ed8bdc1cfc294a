/**
 * A participant of the floor: the effect and the stored reply of a batch in one statement. A command that only reads
 * looks one row up; each other one writes the row of its order.
 */
import { COMMANDS, type SagaCommand } from '../lib/saga.js';
import { COMMANDS_EXCHANGE, type Broker, type IncomingMessage } from './broker.js';
import type { Database } from './database.js';

const TABLES = `
  create table reference (id integer primary key, name text);
  insert into reference values (1, 'Kenneth Salem');
  create table effect (order_id uuid primary key, task text, payload json) with (fillfactor = 50);
  create table inbox (saga_id uuid, sequence integer, reply json, primary key (saga_id, sequence))`;

const STORE = 'insert into inbox select * from unnest($1::uuid[], $2::integer[], $3::json[])';
const READ = `${STORE} where exists (select from reference where id = 1)`;
const WRITE = `
  with effect as (
    insert into effect select * from unnest($4::uuid[], $5::text[], $6::json[])
      on conflict (order_id) do update set task = excluded.task
  ) ${STORE}`;

const commands = new Map(COMMANDS.map((command) => [command.task, command]));

interface Received {
  readonly message: IncomingMessage;
  readonly command: SagaCommand;
}

/** Runs a participant. @returns once it consumes */
export async function runParticipant(service: string, database: Database, broker: Broker): Promise<void> {
  await database.run(TABLES);
  const queue = `${service}.commands`;
  await broker.declare(queue, COMMANDS_EXCHANGE, `${service}.*`);
  await broker.consume(queue, async (messages) => {
    const batch = messages.map((message) => ({ message, command: commands.get(message.routingKey)! }));
    await handle(batch, database);
    await broker.publish(batch.map(replyTo));
  });
}

function handle(batch: readonly Received[], database: Database): Promise<void> {
  const stored = [
    batch.map(({ message }) => message.correlationId.slice(0, 36)),
    batch.map(({ message }) => Number(message.correlationId.slice(37))),
    batch.map(({ command }) => JSON.stringify(command.reply)),
  ];
  const writing = batch.filter(({ command }) => !command.isReading);
  if (writing.length === 0) return database.execute('read', READ, stored);
  return database.execute('write', WRITE, [
    ...stored,
    writing.map(({ message }) => message.body.orderId),
    writing.map(({ command }) => command.task),
    writing.map(({ message }) => JSON.stringify(message.body)),
  ]);
}

const replyTo = ({ message, command }: Received) => ({
  exchange: message.replyTo,
  routingKey: `${command.task}.response.success`,
  correlationId: message.correlationId,
  headers: { 'x-saga-id': message.correlationId.slice(0, 36) },
  body: command.reply,
});
