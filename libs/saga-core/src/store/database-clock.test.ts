import { DatabaseClock } from './database-clock.js';

let at = 0;
beforeEach(() => {
  at = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => at);
});
afterEach(() => jest.restoreAllMocks());

test('it is not known before it was heard', () => {
  expect(new DatabaseClock().now()).toBeNull();
});

test('it goes on by itself', () => {
  const clock = new DatabaseClock();
  clock.hear(5_000_000);
  at += 250;
  expect(clock.now()).toBe(5_000_250);
});

test('of several answers the one that took least time counts', () => {
  const clock = new DatabaseClock();
  clock.hear(5_000_000);
  at += 500;
  clock.hear(5_000_300); // on its way for 200 ms more than the first
  expect(clock.now()).toBe(5_000_500);
  clock.hear(5_000_600); // the first one was slow too
  expect(clock.now()).toBe(5_000_600);
});

test('a clock that was set back is believed after some seconds', () => {
  const clock = new DatabaseClock();
  clock.hear(5_000_000);
  at += 11_000;
  clock.hear(4_000_000);
  expect(clock.now()).toBe(4_000_000);
});
