import { sql, type Migration } from 'kysely';

/**
 * What an instance was started with: the fingerprint of its definition's steps, null for those from before; and the
 * steps of each fingerprint, to tell what differs. A kept reply has its task and attempt: '' and 0 where these are not
 * known.
 */
export const fingerprints: Migration = {
  async up(db) {
    await sql`alter table saga_instance add column fingerprint text`.execute(db);
    await sql`create table saga_shape (fingerprint text primary key, steps json not null)`.execute(db);
    await sql`
      alter table saga_kept_reply
        add column task text not null default '',
        add column attempt integer not null default 0,
        drop constraint saga_kept_reply_pkey,
        add primary key (saga_id, sequence, task, attempt)`.execute(db);
  },
};
