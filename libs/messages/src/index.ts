/** The commands of the system, by the services that handle them, and the fields that they are made of. */
import { accountingService } from './accounting-service/service.js';
import { consumerService } from './consumer-service/service.js';
import { restaurantService } from './restaurant-service/service.js';

export { accountingService, consumerService, restaurantService };

/** The contracts of all participants. */
export const serviceContracts = [consumerService, restaurantService, accountingService] as const;

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
