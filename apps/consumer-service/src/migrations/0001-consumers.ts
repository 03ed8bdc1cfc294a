import { sql, type Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table consumer (
      id integer primary key,
      name text not null,
      status text not null check (status in ('ACTIVE', 'SUSPENDED')),
      created_at timestamptz not null default now()
    )`.execute(database);
}
