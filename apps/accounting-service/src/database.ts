/** The tables of accounting-service, as Kysely sees them. Money is in minor units. */
import type { Generated, Selectable } from 'kysely';
import type { AuthorizationStatus } from './authorizations/authorization.js';
import type { CardStatus } from './cards/card.js';

export interface CardTable {
  id: number;
  status: CardStatus;
  payment_limit: number;
}

export interface CardAuthorizationTable {
  id: string;
  order_id: string;
  consumer_id: number;
  card_id: number;
  amount: number;
  status: AuthorizationStatus;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export type AuthorizationRow = Selectable<CardAuthorizationTable>;

export interface Database {
  card: CardTable;
  /** Not `authorization`, which is a reserved word. */
  card_authorization: CardAuthorizationTable;
}
