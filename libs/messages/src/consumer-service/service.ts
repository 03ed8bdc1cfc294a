import { defineService } from 'saga-core';
import { verifyConsumerDetails } from './verify-consumer-details.js';

/** What consumer-service does for sagas. */
export const consumerService = defineService({
  name: 'consumer_service',
  title: 'Consumer Service',
  description: 'Knows the consumers, and who of them may order.',
  commands: { verifyConsumerDetails },
});
