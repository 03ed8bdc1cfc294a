import { sql, type Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table restaurant (
      id integer primary key,
      name text not null,
      status text not null check (status in ('OPEN', 'CLOSED')),
      approval_failures integer not null default 0 check (approval_failures >= 0),
      withholds_ticket_replies boolean not null default false
    )`.execute(database);
  await sql`
    create table menu_item (
      restaurant_id integer not null references restaurant (id),
      name text not null,
      primary key (restaurant_id, name)
    )`.execute(database);
}
