import { runService } from 'service-kit';
import { orderService } from './app.js';

/** Runs order-service. @returns once it drives sagas and takes orders, or is told to stop before */
export const run = (): Promise<void> => runService(orderService);
