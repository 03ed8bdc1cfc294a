import { sql, type Migration } from 'kysely';

/** What operators did, in one list, and their bulk operations. Nothing of it is written but when an operator acts. */
export const operatorActs: Migration = {
  async up(db) {
    await sql`
      create table saga_operator_act (
        act_id uuid primary key,
        at timestamptz not null default clock_timestamp(),
        operator text not null,
        reason text not null,
        action text not null,
        saga_id uuid,
        details jsonb
      )`.execute(db);
    await sql`
      create table saga_bulk_operation (
        operation_id uuid primary key,
        action text not null,
        filter jsonb not null,
        per_second integer not null,
        operator text not null,
        reason text not null,
        status text not null check (status in ('running', 'paused', 'completed')),
        matched integer not null,
        done integer not null default 0,
        failed integer not null default 0,
        failures jsonb not null default '[]',
        worked_until timestamptz,
        created_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz
      )`.execute(db);
    await sql`create unique index saga_bulk_operation_open on saga_bulk_operation (action, filter) where ended_at is null`.execute(
      db,
    );
    await sql`
      create table saga_bulk_item (
        operation_id uuid not null,
        saga_id uuid not null,
        version integer not null,
        primary key (operation_id, saga_id)
      )`.execute(db);
  },
};
