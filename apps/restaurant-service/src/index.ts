/** What programs beside the services may know of this one: its tables. */
export type { Database as RestaurantDatabase } from './database.js';
