/** The commands of the system, and the fields that they are made of. */
export { verifyConsumerDetails } from './consumer-service/verify-consumer-details.js';
export { consumerService } from './consumer-service/service.js';
export { createTicket } from './restaurant-service/create-ticket.js';
export { approveTicket } from './restaurant-service/approve-ticket.js';
export { rejectTicket } from './restaurant-service/reject-ticket.js';
export { restaurantService } from './restaurant-service/service.js';
export { authorizeCard } from './accounting-service/authorize-card.js';
export { reverseAuthorization } from './accounting-service/reverse-authorization.js';
export { accountingService } from './accounting-service/service.js';
export {
  Amount,
  AuthorizationId,
  CardId,
  ConsumerId,
  OrderId,
  OrderItem,
  OrderItems,
  RestaurantId,
  TicketId,
} from './fields.js';
