import { main } from 'service-kit/main';

await main(() => import('./accounting-service.js'));
