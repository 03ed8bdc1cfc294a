import { CONSTANTS } from '../settings.js';
import { InFlightLimit, type ReplyWait } from './in-flight-limit.js';

let at = 0;
beforeEach(() => {
  at = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => at);
});
afterEach(() => jest.restoreAllMocks());

const TIMEOUT_MS = 1_000;
const many = (fraction: number, task = 'a.step'): ReplyWait[] =>
  Array.from({ length: 200 }, () => ({ task, waitedMs: fraction * TIMEOUT_MS, timeoutMs: TIMEOUT_MS }));

/** A limit, and how many are said to be in flight; the time goes on with each look, so that they are counted anew. */
function tried(inFlight: number) {
  const state = { inFlight };
  const limit = new InFlightLimit(() => state.inFlight);
  const look = <Result>(work: () => Result): Result => {
    at += 100;
    return work();
  };
  return {
    state,
    allows: (more: number) => look(() => limit.allows(more)),
    replied: (fraction: number, batches = 1, task = 'a.step') => {
      for (let batch = 0; batch < batches; batch++) look(() => limit.note(many(fraction, task)));
    },
  };
}

test('before anything is known it lets some through, and counts those that are just being started', () => {
  const { allows } = tried(CONSTANTS.initialInFlight - 5);
  expect([allows(5), allows(6)]).toEqual([true, false]);
});

test('quick replies make room for more, up to twice what is in flight', () => {
  const { allows, replied, state } = tried(CONSTANTS.initialInFlight);
  expect(allows(1)).toBe(false);
  replied(0.05);
  expect(allows(200)).toBe(true);
  replied(0.05, 50);
  expect([allows(state.inFlight), allows(state.inFlight + 200)]).toEqual([true, false]);
});

test('a limit that is not reached does not grow', () => {
  const { allows, replied, state } = tried(10);
  replied(0.05, 50);
  state.inFlight = CONSTANTS.initialInFlight;
  expect(allows(1)).toBe(false);
});

test('slow replies take room away, but never all of it; one slow batch is no harm', () => {
  const { allows, replied, state } = tried(300);
  replied(0.9);
  expect(allows(1)).toBe(true);
  replied(0.9, 100);
  expect(allows(1)).toBe(false);
  state.inFlight = 0;
  expect([allows(10), allows(11)]).toEqual([true, false]);
});

test('replies that are neither quick nor slow change nothing, nor does a batch of none', () => {
  const { allows, replied } = tried(CONSTANTS.initialInFlight);
  replied(0.3, 50);
  expect(allows(1)).toBe(false);
  new InFlightLimit(() => 0).note([]);
});

test('what was learned is forgotten when no replies come: it kept them from being asked for', () => {
  const { allows, replied } = tried(150);
  replied(0.9, 100);
  expect(allows(1)).toBe(false);
  at += 4_000;
  expect(allows(1)).toBe(true);
});

test('what a step takes while little is in flight is normal, and room is left up to its timeout', () => {
  const { allows, replied, state } = tried(10);
  replied(0.7);
  state.inFlight = CONSTANTS.initialInFlight;
  replied(0.75, 100);
  expect(allows(100)).toBe(true);
  // 0.88 of the timeout is where its good part begins.
  replied(0.95, 100);
  state.inFlight = 20;
  expect(allows(1)).toBe(false);
});

test('replies that come after their time was up are slow, whatever is normal', () => {
  const { allows, replied, state } = tried(10);
  replied(0.98, 10);
  state.inFlight = 300;
  replied(1.2, 100);
  expect(allows(1)).toBe(false);
});

test('a step that is slow is not made up for by others that are quick', () => {
  const { allows, replied } = tried(300);
  for (let time = 0; time < 100; time++) {
    replied(0.9);
    replied(0.01, 1, 'another.step');
  }
  expect(allows(1)).toBe(false);
});

test('a step that has become slow for good is normal in the end', () => {
  const { allows, replied, state } = tried(100);
  replied(0.05, 10);
  replied(0.6, 100);
  expect(allows(1)).toBe(false);
  state.inFlight = 10;
  replied(0.6, 100);
  expect(allows(10)).toBe(true);
});
