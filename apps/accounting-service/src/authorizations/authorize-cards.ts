import type { Transaction } from 'kysely';
import type { accountingService } from 'messages';
import { refuse, type Answer, type PayloadOf, type ReceivedCommand } from 'saga-core';
import { uuidv7 } from 'uuidv7';
import type { Card } from '../cards/card.js';
import { findCards } from '../cards/card-queries.js';
import type { Database } from '../database.js';
import { insertAuthorizations } from './authorization-queries.js';

type AuthorizeCard = typeof accountingService.commands.authorizeCard;
type Payload = PayloadOf<AuthorizeCard>;

/** Authorizes what the cards allow, all in one statement. @returns each command's answer */
export async function authorizeCards(
  tx: Transaction<Database>,
  commands: readonly ReceivedCommand<Payload>[],
): Promise<Answer<AuthorizeCard>[]> {
  const cards = await findCards(
    tx,
    commands.map(({ payload }) => payload.cardId),
  );
  const judged = commands.map(({ payload }) => judge(payload, cards.get(payload.cardId)));
  const inserted = await insertAuthorizations(
    tx,
    judged.flatMap((verdict) => ('authorization' in verdict ? [verdict.authorization] : [])),
  );
  return judged.map((verdict): Answer<AuthorizeCard> => {
    if (!('authorization' in verdict)) return verdict;
    const { id, orderId } = verdict.authorization;
    if (!inserted.has(id)) return refuse('ORDER_HAS_AUTHORIZATION', `Order ${orderId} already has an authorization`);
    return { authorizationId: id };
  });
}

/** @returns the authorization to write, or why there is none. */
function judge({ orderId, consumerId, cardId, amount }: Payload, card: Card | undefined) {
  if (!card) return refuse('CARD_NOT_FOUND', `There is no card ${cardId}`);
  if (card.status === 'BLOCKED') return refuse('CARD_BLOCKED', `Card ${cardId} is blocked`);
  if (amount > card.paymentLimit)
    return refuse(
      'LIMIT_EXCEEDED',
      `Card ${cardId} allows ${card.paymentLimit} for one payment, and this is ${amount}`,
    );
  return { authorization: { id: uuidv7(), orderId, consumerId, cardId, amount } };
}
