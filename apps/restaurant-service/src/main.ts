import { main } from 'service-kit/main';

await main(() => import('./restaurant-service.js'));
