/**
 * The floor: what the saga's messages and commits cost without any saga logic, on bare amqplib and pg, written to be as
 * fast as they allow. One process plays one of the services: the same queues, messages, confirms and acknowledgements,
 * one row for each effect, each reply stored, each batch of deliveries one commit. No HTTP, no validation, no history,
 * no barrier, no recovery. It gets a {@link FloorConfig} as JSON in its first argument.
 */
import { once } from 'node:events';
import { Broker } from './broker.js';
import { ORCHESTRATOR, type FloorConfig } from './config.js';
import { Database } from './database.js';
import { Orchestrator } from './orchestrator.js';
import { runParticipant } from './participant.js';

const config = JSON.parse(process.argv[2]!) as FloorConfig;
process.once('disconnect', () => process.exit(0));

const database = await Database.open(config);
const broker = await Broker.open(config);
if (config.role === ORCHESTRATOR) {
  const orchestrator = new Orchestrator(config, database, broker);
  await orchestrator.prepare();
  process.send!('ready');
  await once(process, 'message');
  process.send!(await orchestrator.run());
} else {
  await runParticipant(config.role, database, broker);
  process.send!('ready');
}
