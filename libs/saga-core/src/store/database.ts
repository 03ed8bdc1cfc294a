/** The handles on a database that saga-core's callers give and get. */
export type { Kysely as Database, Transaction } from 'kysely';
