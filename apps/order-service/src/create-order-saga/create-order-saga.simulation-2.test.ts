import { expectRightEnds } from './create-order-saga.simulation.fixture.js';

it(
  'every order ends right, whatever happens: the other five thousand schedules',
  () => expectRightEnds(5_001, 10_000),
  300_000,
);
