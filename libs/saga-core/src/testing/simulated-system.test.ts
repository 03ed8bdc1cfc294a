import { SagaRunner } from '../orchestrator/saga-runner.js';
import { FaultDice, NO_FAULTS } from './faults.js';
import type { MemoryTransaction } from './memory-transaction.js';
import type { SagaDefinition } from '../definition/saga.js';
import { orderSaga, participants } from './order-scenario.fixture.js';
import { SimulatedSystem, type Orchestrator } from './simulated-system.js';

/** @returns the runner that handles what the process consumes */
async function runnerAtWork({ consumer }: Orchestrator): Promise<unknown> {
  const apply = jest.spyOn(SagaRunner.prototype, 'apply');
  await consumer.options.handleBatch([]);
  const runner: unknown = apply.mock.contexts.at(-1);
  apply.mockRestore();
  return runner;
}

it('what an orchestrator remembers dies with it, and outlives everything else', async () => {
  const saga = orderSaga as SagaDefinition<unknown, MemoryTransaction>;
  const dice = new FaultDice(1, NO_FAULTS, null, () => 0);
  const [first, second] = new SimulatedSystem(saga, participants, { dice, clock: () => 0, tell: () => undefined })
    .orchestrators as [Orchestrator, Orchestrator];
  const [before, other] = [first.runner, second.runner];
  first.process.giveUp();
  first.process.reconnect();
  first.process.thaw();
  expect(first.runner).toBe(before);
  expect(await runnerAtWork(first)).toBe(before);

  first.process.restart(0);
  expect(first.runner).not.toBe(before);
  expect(await runnerAtWork(first)).toBe(first.runner);
  expect(second.runner).toBe(other);
});
