/** The orders that are placed, for the example data of the services. */

/** All steps succeed. */
export const GOOD_ORDER = {
  consumerId: 70,
  restaurantId: 1,
  cardId: 1,
  price: 2_000,
  items: [{ name: 'Dish 1', quantity: 2 }],
};

/** Over the card's limit: the ticket is rejected, and the order too. */
export const REFUSED_ORDER = { ...GOOD_ORDER, price: 8_000 };
