/** The shapes of the operator's API. */
export * from './audit.js';
export * from './bulk.js';
export * from './common.js';
export * from './dead-letters.js';
export * from './failures.js';
export * from './listing.js';
export * from './saga.js';
export * from './actions.js';
