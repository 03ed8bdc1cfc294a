import type { Transaction } from 'kysely';
import type { accountingService } from 'messages';
import type { PayloadOf, ReceivedCommand, ReplyOf } from 'saga-core';
import type { Database } from '../database.js';
import { reverseAuthorizationsOfOrders } from './authorization-queries.js';

type ReverseAuthorization = typeof accountingService.commands.reverseAuthorization;
type Command = ReceivedCommand<PayloadOf<ReverseAuthorization>>;

/**
 * Takes authorize_card back for each of the orders. It is called only where a card was authorized.
 * @returns each command's answer
 */
export async function reverseAuthorizations(
  tx: Transaction<Database>,
  commands: readonly Command[],
): Promise<ReplyOf<ReverseAuthorization>[]> {
  await reverseAuthorizationsOfOrders(
    tx,
    commands.map(({ payload }) => payload.orderId),
  );
  return commands.map(() => ({}));
}
