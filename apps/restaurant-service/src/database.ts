/** The tables of restaurant-service, as Kysely sees them. */
import type { Generated, JSONColumnType, Selectable } from 'kysely';
import type { RestaurantStatus } from './restaurants/restaurant.js';
import type { TicketItem, TicketStatus } from './tickets/ticket.js';

export interface RestaurantTable {
  id: number;
  name: string;
  status: RestaurantStatus;
  /** Fault injection: how many first attempts of approve_ticket fail. */
  approval_failures: Generated<number>;
  /** Fault injection: create_ticket takes effect and is never answered. */
  withholds_ticket_replies: Generated<boolean>;
}

export interface MenuItemTable {
  restaurant_id: number;
  name: string;
}

export interface TicketTable {
  id: string;
  order_id: string;
  restaurant_id: number;
  status: TicketStatus;
  items: JSONColumnType<readonly TicketItem[]>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export type TicketRow = Selectable<TicketTable>;

export interface Database {
  restaurant: RestaurantTable;
  menu_item: MenuItemTable;
  ticket: TicketTable;
}
