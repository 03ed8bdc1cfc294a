import type { Transaction } from 'kysely';
import type { reverseAuthorization } from 'messages';
import type { PayloadOf, ReceivedCommand, ReplyOf } from 'saga-core';
import type { Database } from '../database.js';
import { reverseAuthorizationsOfOrders } from './authorization-queries.js';

type Command = ReceivedCommand<PayloadOf<typeof reverseAuthorization>>;

/** Takes authorize_card back for each of the orders. It is called only where a card was authorized. @returns each command's answer */
export async function reverseAuthorizations(
  tx: Transaction<Database>,
  commands: readonly Command[],
): Promise<ReplyOf<typeof reverseAuthorization>[]> {
  await reverseAuthorizationsOfOrders(
    tx,
    commands.map(({ payload }) => payload.orderId),
  );
  return commands.map(() => ({}));
}
