/** Dead letters: looked at, sent again, thrown away. */
import { Type, type Static } from '@sinclair/typebox';
import { nullable, Operator } from './common.js';

export const DeadLetterQueuesSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      queue: Type.String({ description: 'The queue whose letters these are: they lie in `<queue>.dead`.' }),
      count: Type.Integer({ description: 'How many.' }),
      consumers: nullable(Type.Integer(), 'How many consume the queue itself; null when it does not exist.'),
    }),
    { description: 'Those of the participants and of the replies.' },
  ),
});
export const QueueParams = Type.Object({
  queue: Type.String({
    pattern: '^[a-z][a-z0-9_]{0,99}\\.(commands|responses)$',
    description: 'The queue whose letters these are.',
  }),
});
export const PeekDeadLettersQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: 'The most letters; 50 unless given.' })),
});
const DeadLetterSchema = Type.Object({
  id: Type.String({ description: 'Made of what the letter holds: the same letter has the same id.' }),
  cause: Type.String({
    description: 'A code of docs/errors.md, or `delivery_limit` and its like where the broker gave up.',
  }),
  detail: Type.String({ description: 'More about why, for people.' }),
  exchange: Type.String({ description: 'Where it was published at first.' }),
  routingKey: Type.String({ description: 'With which routing key.' }),
  correlationId: nullable(Type.String(), 'The command it is or answers.'),
  replyTo: nullable(Type.String(), 'Where its reply would go.'),
  headers: Type.Record(Type.String(), Type.Unknown(), {
    description: 'As it carries them; what is long is shortened, and ends with ….',
  }),
  body: Type.String({ description: 'As text, at most 10,000 characters.' }),
  bytes: Type.Integer({ description: 'The size of the whole body.' }),
  replayable: Type.Boolean({ description: 'Whether it can be sent again to where it was meant to go.' }),
});
export type DeadLetter = Static<typeof DeadLetterSchema>;
export const DeadLettersSchema = Type.Object({
  items: Type.Array(DeadLetterSchema, {
    description:
      'In the order in which the broker gives them: oldest first, but one that was looked for may come last.',
  }),
  count: Type.Integer({ description: 'How many there are in all.' }),
});
export const SettleDeadLettersBody = Type.Object({
  ...Operator,
  id: Type.Optional(Type.String({ maxLength: 100, description: 'One letter; all that lie there now unless given.' })),
});
export const SettledDeadLettersSchema = Type.Object({
  done: Type.Integer({ description: 'How many were sent again, or thrown away.' }),
  kept: Type.Integer({ description: 'How many stay, because no queue takes them or they say not where they belong.' }),
});
