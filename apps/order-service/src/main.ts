import { main } from 'service-kit/main';

await main(() => import('./order-service.js'));
