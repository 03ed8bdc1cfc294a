import type { SagaStore } from '../engine/saga-store.js';
import { DEFAULTS } from '../settings.js';
import { SagaRegistry } from './saga-registry.js';
import { SagaRunner } from './saga-runner.js';

const runner = (limitInFlight?: boolean) =>
  new SagaRunner<unknown>({} as SagaStore<unknown>, new SagaRegistry([]), { saved: () => undefined }, limitInFlight);

test('the sagas in flight are limited unless that is switched off', () => {
  const tooMany = DEFAULTS.inFlightAtFirst + 1;
  expect(runner().isOverloadedBy(tooMany)).toBe(true);
  expect(runner().isOverloadedBy(tooMany - 1)).toBe(false);
  expect(runner(false).isOverloadedBy(1_000_000)).toBe(false);
});
