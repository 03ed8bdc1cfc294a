import { runService } from 'service-kit';
import { orderService } from './app.js';

await runService(orderService);
