import { main } from 'service-kit/main';

await main(() => import('./consumer-service.js'));
