import pino from 'pino';
import { sagaObservers } from './saga-observer.js';
import type { SagaStore } from './saga-store.js';
import { CONSTANTS, DEFAULTS } from '../settings.js';
import { SagaRegistry } from './saga-registry.js';
import { SagaRunner } from './saga-runner.js';

const logger = pino({ level: 'silent' });
const runner = (limitInFlight: boolean) =>
  new SagaRunner<unknown>({
    store: {} as SagaStore<unknown>,
    registry: new SagaRegistry([]),
    observer: sagaObservers([], logger),
    logger,
    handlerTimeoutMs: DEFAULTS.handlerTimeoutMs,
    limitInFlight,
  });

test('the sagas in flight are limited unless that is switched off', () => {
  const tooMany = CONSTANTS.initialInFlight + 1;
  expect(runner(true).isOverloadedBy(tooMany)).toBe(true);
  expect(runner(true).isOverloadedBy(tooMany - 1)).toBe(false);
  expect(runner(false).isOverloadedBy(1_000_000)).toBe(false);
});
