/** The limit of sagas in flight in whole systems, played in virtual time. */
import { QueueingModel, VirtualTime, type Model, type Station } from './queueing-model.fixture.js';

let time: VirtualTime;
beforeEach(() => {
  time = new VirtualTime();
  jest.spyOn(performance, 'now').mockImplementation(() => time.now);
});
afterEach(() => jest.restoreAllMocks());

/** A cold system takes longer: compilers, caches, connections. */
const COLD_MS = 3_000;
const station = (batchMs: number, eachMs: number, slower = (_at: number) => 1): Station => ({
  batchMs: (messages, at) => (batchMs + eachMs * messages) * slower(at),
});
const cold =
  (times: number) =>
  (at: number): number =>
    at < COLD_MS ? times : 1;
const system = (step: Model['steps'][number], limited = true): QueueingModel =>
  new QueueingModel(time, { orchestrator: station(5, 0.1), steps: [step], limited });
/** Four services and an orchestrator on two cores. */
const flooded = (limited: boolean, coldTimes = 3): QueueingModel => {
  const step = (timeoutMs: number, eachMs: number) => ({ ...station(10, eachMs, cold(coldTimes)), timeoutMs });
  const steps = [step(10_000, 0.6), step(2_000, 1), step(10_000, 0.6), step(10_000, 0.6)];
  return new QueueingModel(time, { orchestrator: station(10, 0.3, cold(coldTimes)), steps, limited });
};

describe.each([
  ['a batch at a time', (ms: number) => station(ms, 0)],
  ['any number at once', (ms: number): Station => ({ ...station(ms, 0), isWide: true })],
])('a step that takes long by itself', (_how, slow) => {
  it.each([100, 700, 900])('of %s ms of its 2 s, at 30 starts in a second, has none refused', (ms) => {
    const model = system({ ...slow(ms), timeoutMs: 2_000 });
    model.arrivals(30, 60);
    time.run();
    expect(model.totals).toEqual({ taken: 1_800, refused: 0, completed: 1_800, timedOut: 0 });
  });
});

it.each([2, 3, 4])(
  'takes from a flood on a system that is %s times slower at first what can be done in time, and not much less',
  (times) => {
    const model = flooded(true, times);
    model.clients(500, 50_000);
    time.run();
    expect(model.totals.timedOut).toBe(0);
    expect(model.totals.completed).toBe(model.totals.taken);
    // The slowest step can do 950 in a second, for some fifteen seconds.
    expect(model.totals.taken).toBeGreaterThan(7_000);
  },
);

it('is what keeps that flood in bounds', () => {
  const model = flooded(false);
  model.clients(500, 10_000);
  time.run();
  expect(model.totals.timedOut).toBeGreaterThan(1_000);
});

it('recovers by itself when a step has been overloaded, or has become slow for good', () => {
  let slower = 1;
  const model = system({ ...station(300, 0, () => slower), timeoutMs: 2_000 });
  model.arrivals(30, 120);
  time.run(20_000);
  slower = 6;
  time.run(10_000);
  slower = 3;
  time.run(20_000);
  const { refused } = model.totals;
  time.run();
  expect(model.totals.refused).toBe(refused);
});
