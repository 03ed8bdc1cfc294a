/**
 * The saga under thousands of schedules of lost, doubled and late messages, crashes, failing commits and operators.
 * SIMULATION_SEED repeats one.
 */
import { accountingService, consumerService, restaurantService } from 'messages';
import { refuse, noReply } from 'saga-core';
import { describeFailure, neverHappened, simulate, simulatedParticipant } from 'saga-core/testing';
import { createOrderSaga } from './create-order-saga.js';

const uuid = (number: number): string => `018f0000-0000-7000-9000-${number.toString(16).padStart(12, '0')}`;

/** The same kinds of restaurants, consumers and cards as the example data has. */
const SUSPENDED_CONSUMER = 10;
const BREAKS_TWICE = 2;
const NEVER_ANSWERS = 3;
/** Nobody approves its tickets for two minutes, by the virtual clock, which begins with this year. */
const SLEEPS = 4;
const AWAKE_AT = Date.UTC(2026, 0, 1, 0, 2);
const CARD_LIMIT = 5_000;

const consumers = simulatedParticipant(consumerService, {
  verifyConsumerDetails: async (_tx, { payload: { consumerId } }) =>
    consumerId === SUSPENDED_CONSUMER ? refuse('CONSUMER_SUSPENDED', 'suspended') : { name: 'Ann' },
});

const restaurants = simulatedParticipant(restaurantService, {
  createTicket: async (tx, { payload: { orderId, restaurantId, items } }) => {
    if (items.some(({ name }) => name !== 'Dish 1')) return refuse('DISH_NOT_ON_MENU', 'not on the menu');
    const ticketId = uuid(tx.keys('ticket').length + 1);
    tx.set('ticket', orderId, { ticketId, restaurantId });
    return restaurantId === NEVER_ANSWERS ? noReply() : { ticketId };
  },
  rejectTicket: async (tx, { payload: { orderId } }) => {
    if (!tx.get('ticket', orderId)) throw new Error(`There is no ticket of order ${orderId} to reject`);
    return {};
  },
  approveTicket: async (tx, { payload: { orderId, ticketId }, attempt }) => {
    const ticket = tx.get<{ ticketId: string; restaurantId: number }>('ticket', orderId);
    if (ticket?.ticketId !== ticketId) return refuse('TICKET_NOT_PENDING', 'no such ticket');
    if (ticket.restaurantId === SLEEPS && Date.now() < AWAKE_AT) throw new Error('nobody is there');
    if (ticket.restaurantId === BREAKS_TWICE && attempt <= 2) throw new Error('the printer is out of paper');
    return {};
  },
});

const accounts = simulatedParticipant(accountingService, {
  authorizeCard: async (tx, { payload: { orderId, amount } }) => {
    if (amount > CARD_LIMIT) return refuse('LIMIT_EXCEEDED', 'over the limit');
    const authorizationId = uuid(tx.keys('authorization').length + 1);
    tx.set('authorization', orderId, { authorizationId });
    return { authorizationId };
  },
  reverseAuthorization: async (tx, { payload: { orderId } }) => {
    if (!tx.get('authorization', orderId)) throw new Error(`There is no authorization of order ${orderId} to reverse`);
    return {};
  },
});

/**
 * Plays schedules with the seeds `first` to `last`, and expects every order to end right. Suites divide the seeds, so
 * that they run side by side.
 *
 * @throws with the story of the first schedule that broke a promise, shrunk
 */
export async function expectRightEnds(first: number, last: number): Promise<void> {
  const only = process.env.SIMULATION_SEED;
  const { failure, ends, coverage } = await simulate(createOrderSaga, [consumers, restaurants, accounts], {
    runs: only ? 1 : last - first + 1,
    seed: Number(only ?? first),
    sagas: 2,
    data: (random, number) => ({
      orderId: uuid(0x1000 + number),
      consumerId: random.below(8) === 0 ? SUSPENDED_CONSUMER : 70,
      restaurantId: random.pick([1, 1, BREAKS_TWICE, NEVER_ANSWERS, SLEEPS]),
      cardId: 1,
      price: random.below(8) === 0 ? 8_000 : 2_000,
      items: [{ name: random.below(8) === 0 ? 'Soup' : 'Dish 1', quantity: random.below(16) === 0 ? 100_500 : 2 }],
    }),
  });
  if (failure) throw new Error(describeFailure(failure));
  const reached = [
    'completed',
    'compensated CONSUMER_SUSPENDED',
    'compensated DISH_NOT_ON_MENU',
    'compensated LIMIT_EXCEEDED',
    'compensated COMMAND_NOT_BUILT',
    'compensated REPLY_TIMEOUT',
  ];
  if (only) return;
  expect(Object.keys(ends)).toEqual(expect.arrayContaining(reached));
  // A fault, an entry of a history or a status that never came would mean that nothing was said about it.
  expect(neverHappened(coverage)).toEqual([]);
}
