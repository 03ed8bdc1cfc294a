/** Messages of errors that say the same, but for ids and numbers. */
import { sql, type RawBuilder } from 'kysely';
import { UUID } from '../util/uuid.js';

/**
 * @param message - SQL of a text
 * @returns SQL of the same text with … for each id and number, cut to 300 characters: equal for messages that are
 *   alike. What it gives stays the same when it is given again.
 */
export const normalizedMessage = (message: RawBuilder<unknown>): RawBuilder<string> =>
  sql`left(regexp_replace(regexp_replace(${message}, '${sql.raw(UUID)}', '…', 'gi'), '[0-9]+', '…', 'g'), 300)`;
