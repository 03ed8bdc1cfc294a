import { Pressure } from './pressure.js';

let at = 0;
beforeEach(() => {
  at = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => at);
});
afterEach(() => jest.restoreAllMocks());

test('there is none before anything came, and a set of no replies changes nothing', () => {
  const pressure = new Pressure();
  pressure.note([]);
  expect(pressure.value()).toBe(0);
});

test('one slow reply is not pressure; many are, and quick ones end it', () => {
  const pressure = new Pressure();
  pressure.note([0.9]);
  expect(pressure.value()).toBeLessThan(0.3);
  for (let set = 0; set < 20; set++) pressure.note([0.7, 0.9]);
  expect(pressure.value()).toBeCloseTo(0.8, 1);
  for (let set = 0; set < 20; set++) pressure.note([0.01]);
  expect(pressure.value()).toBeLessThan(0.05);
});

test('it is forgotten when no replies come: it kept them from being asked for', () => {
  const pressure = new Pressure();
  for (let set = 0; set < 20; set++) pressure.note([1]);
  at += 4_000;
  expect(pressure.value()).toBe(0);
  pressure.note([0.1]);
  expect(pressure.value()).toBeLessThan(0.05);
});
