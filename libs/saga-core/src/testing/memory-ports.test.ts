/** The ports in memory pass what those on PostgreSQL and RabbitMQ pass. */
import { orchestratorTopology, participantTopology } from '../transport/topology.js';
import { FaultDice, NO_FAULTS } from './faults.js';
import { memoryDeliveryAttempts } from './memory-delivery-attempts.js';
import { memoryInboxStore } from './memory-inbox-store.js';
import { memorySagaStore } from './memory-saga-store.js';
import { MemoryDatabase } from './memory-transaction.js';
import { describeDeliveryAttempts } from './port-suites/delivery-attempts.suite.js';
import { describeInboxStore } from './port-suites/inbox-store.suite.js';
import { describeSagaStore } from './port-suites/saga-store.suite.js';
import { describeTransport } from './port-suites/transport.suite.js';
import { SimulatedBroker } from './simulated-broker.js';
import type { SimulatedConsumer } from './simulated-consumer.js';

// A clock that moves whenever it is looked at.
let now = Date.UTC(2026, 0, 1);
const clock = () => ++now;

const store = memorySagaStore(new MemoryDatabase(), clock);
describeSagaStore('memory', () => store);

const inbox = memoryInboxStore(new MemoryDatabase());
describeInboxStore('memory', () => inbox);

const attempts = memoryDeliveryAttempts(new MemoryDatabase());
describeDeliveryAttempts('memory', () => attempts);

const broker = new SimulatedBroker({
  dice: new FaultDice(1, NO_FAULTS, null, () => 0),
  clock,
  tell: () => undefined,
  deadlineOf: () => null,
});
const simulated = broker.transportFor({
  name: 'hotel',
  assertAlive: () => undefined,
  reach: () => Promise.resolve(),
});
simulated.use(participantTopology('hotel'));
simulated.use(orchestratorTopology('trip_saga'));
const consumers: SimulatedConsumer[] = [];
const transport = {
  ...simulated,
  consume: (...given: Parameters<typeof simulated.consume>) => {
    const consumer = simulated.consume(...given);
    consumers.push(consumer);
    return consumer;
  },
};

async function deliver(consumer: SimulatedConsumer): Promise<void> {
  const batch = consumer.take(Infinity);
  await consumer.options.handleBatch(batch).then(
    (unfinished) => consumer.acknowledge(unfinished?.later ?? []),
    () => consumer.retry(),
  );
}

describeTransport('the simulated broker', () => ({
  transport,
  service: 'hotel',
  saga: 'trip_saga',
  until: async (what, holds) => {
    for (let turn = 0; !holds(); turn++) {
      if (turn > 10_000) throw new Error(`Waited for ${what} in vain`);
      for (const consumer of consumers) if (consumer.isReady()) await deliver(consumer);
    }
  },
  stored: async (queue) => broker.stored(queue).length,
}));
