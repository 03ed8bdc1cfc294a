/** In the order in which they run. A migration that was released is never changed. */
import type { Migration } from 'kysely';
import * as consumers from './0001-consumers.js';

export const migrations: Record<string, Migration> = { '0001-consumers': consumers };
