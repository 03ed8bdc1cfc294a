import { expectRightEnds } from './create-order-saga.simulation.fixture.js';

it(
  'every order ends right, whatever happens: the first five thousand schedules',
  () => expectRightEnds(1, 5_000),
  300_000,
);
