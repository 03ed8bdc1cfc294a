import { DatabaseClock } from './database-clock.js';

let at = 0;
let clock: DatabaseClock;
beforeEach(() => {
  at = 1_000;
  clock = new DatabaseClock(() => at);
});

/** Hears an answer that took so long. */
const hear = (wall: number, { shift = 0, tookMs = 0 } = {}): number => clock.hear({ wall, shift }, at - tookMs);

test('it is not known before it was heard', () => {
  expect(clock.now()).toBeNull();
  expect(clock.bounds()).toBeNull();
});

test('it goes on by itself', () => {
  hear(5_000_000);
  at += 250;
  expect(clock.now()).toBe(5_000_250);
});

test('of several answers the one that took least time counts', () => {
  hear(5_000_000, { tookMs: 300 });
  at += 500;
  hear(5_000_300, { tookMs: 200 });
  expect(clock.now()).toBe(5_000_500);
  // The first one was slow too.
  hear(5_000_600, { tookMs: 10 });
  expect(clock.now()).toBe(5_000_600);
});

test('what it differs from this clock by a little is followed, ahead and back', () => {
  hear(5_000_000);
  for (const by of [400, -500, 300]) {
    hear(5_000_000 + by);
    expect([clock.now(), clock.jump]).toEqual([5_000_000 + by, null]);
  }
});

test.each([60_000, -3_600_000])('a jump by %d ms is heard at once, and is none of the time that passes', (ms) => {
  hear(5_000_000, { tookMs: 10 });
  at += 250;
  expect(hear(5_000_250 + ms, { tookMs: 10 })).toBe(5_000_250);
  expect(clock.jump).toEqual({ ms, shift: 0 });
  expect(clock.now()).toBe(5_000_250);
  expect(clock.bounds()).toEqual([5_000_150, 5_005_250]);
  // Somebody makes it good.
  at += 100;
  expect(hear(5_000_350 + ms, { shift: -ms })).toBe(5_000_350);
  expect(clock.jump).toBeNull();
});

test('a jump that was taken back is none', () => {
  hear(5_000_000);
  hear(5_060_000);
  hear(5_000_000);
  expect(clock.jump).toBeNull();
});

test('an answer that took a minute is no jump', () => {
  hear(5_000_000);
  at += 60_000;
  hear(5_000_001, { tookMs: 60_000 });
  hear(5_059_999, { tookMs: 60_000 });
  expect([clock.jump, clock.now()]).toEqual([null, 5_060_000]);
});

test('what another process has put right is followed, and not what was asked before', () => {
  hear(5_000_000);
  at += 100;
  hear(5_060_100, { shift: -70_000 });
  expect(clock.now()).toBe(4_990_100);
  at += 10;
  hear(5_000_100, { tookMs: 100 });
  expect([clock.now(), clock.jump]).toEqual([4_990_110, null]);
});
