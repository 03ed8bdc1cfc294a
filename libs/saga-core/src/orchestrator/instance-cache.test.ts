import type { SagaInstance } from '../engine/instance.js';
import { CONSTANTS } from '../settings.js';
import { InstanceCache } from './instance-cache.js';

const instance = (id: string, version: number, status: SagaInstance['status'] = 'running'): SagaInstance => ({
  id,
  sagaName: 'test_saga',
  definitionVersion: 1,
  fingerprint: null,
  status,
  data: {},
  sequence: version,
  awaited: null,
  actions: [],
  failure: null,
  lastError: null,
  traceparent: null,
  startedAt: null,
  version,
});

test('gives what was saved last, also when an earlier save is told later', () => {
  const cache = new InstanceCache();
  cache.saved([instance('a', 2)]);
  cache.saved([instance('a', 1)]);
  expect(cache.get('a')?.version).toBe(2);
});

test('keeps a stuck instance, and forgets one that has ended', () => {
  const cache = new InstanceCache();
  cache.saved([instance('a', 1, 'stuck'), instance('b', 1), instance('c', 1)]);
  cache.saved([instance('b', 2, 'completed'), instance('c', 2, 'compensated')]);
  expect([cache.get('a')?.status, cache.get('b'), cache.get('c')]).toEqual(['stuck', undefined, undefined]);
});

test('keeps so many at most: those saved longest ago give way', () => {
  const cache = new InstanceCache();
  cache.saved(Array.from({ length: CONSTANTS.maxCachedInstances }, (_, index) => instance(String(index), 1)));
  cache.saved([instance('0', 2), instance('new', 1)]);
  expect([cache.get('0')?.version, cache.get('1'), cache.get('2')?.version, cache.get('new')?.version]).toEqual([
    2,
    undefined,
    1,
    1,
  ]);
});

test('counts those that were saved lately', () => {
  let at = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => at);
  const cache = new InstanceCache();
  cache.saved([instance('a', 1), instance('b', 1), instance('c', 1)]);
  at = 1_000;
  cache.saved([instance('a', 2), instance('b', 2, 'completed'), instance('d', 1)]);
  expect([cache.countSaved(1_000), cache.countSaved(999)]).toEqual([3, 2]);
  jest.restoreAllMocks();
});

test('forgets what it is told to', () => {
  const cache = new InstanceCache();
  cache.saved([instance('a', 1), instance('b', 1)]);
  cache.forget(['a', 'unknown']);
  expect([cache.get('a'), cache.get('b')?.version]).toEqual([undefined, 1]);
});
