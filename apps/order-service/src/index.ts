/** What programs beside the services may know of this one: its saga and its tables. */
export { createOrderSaga } from './create-order-saga/create-order-saga.js';
export type { OrderDatabase } from './database.js';
