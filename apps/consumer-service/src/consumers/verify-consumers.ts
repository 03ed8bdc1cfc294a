import type { Transaction } from 'kysely';
import type { consumerService } from 'messages';
import { refuse, type Answer, type PayloadOf, type ReceivedCommand } from 'saga-core';
import type { Database } from '../database.js';
import type { Consumer } from './consumer.js';
import { findConsumers } from './consumer-queries.js';

type VerifyConsumerDetails = typeof consumerService.commands.verifyConsumerDetails;
type Command = ReceivedCommand<PayloadOf<VerifyConsumerDetails>>;

/** @returns for each command whether its consumer may order; all consumers are read at once. */
export async function verifyConsumers(
  tx: Transaction<Database>,
  commands: readonly Command[],
): Promise<Answer<VerifyConsumerDetails>[]> {
  const consumers = await findConsumers(
    tx,
    commands.map(({ payload }) => payload.consumerId),
  );
  return commands.map(({ payload }) => verify(payload.consumerId, consumers.get(payload.consumerId)));
}

function verify(id: number, consumer: Consumer | undefined): Answer<VerifyConsumerDetails> {
  if (!consumer) return refuse('CONSUMER_NOT_FOUND', `There is no consumer ${id}`);
  if (consumer.status === 'SUSPENDED') return refuse('CONSUMER_SUSPENDED', `Consumer ${id} is suspended`);
  return { name: consumer.name };
}
