import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { createHash } from 'node:crypto';
import { orchestratorMigrations, participantMigrations } from './index.js';

/** Runs a migration against no database. @returns the hash of its SQL */
async function sqlHashOf(name: string): Promise<string> {
  const statements: string[] = [];
  const database = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: (event) => void statements.push(event.query.sql),
  });
  await { ...orchestratorMigrations, ...participantMigrations }[name]!.up(database);
  return createHash('sha256').update(statements.join(';\n')).digest('hex').slice(0, 16);
}

describe('the migrations', () => {
  it('are frozen: databases have run them, so a change is a new migration', async () => {
    const names = [...Object.keys(orchestratorMigrations), ...Object.keys(participantMigrations)];
    const hashes = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await sqlHashOf(name)] as const)),
    );
    expect(hashes).toMatchInlineSnapshot(`
      {
        "001-saga-instances": "dbeef74fdc25946e",
        "002-saga-inbox": "af0bbe09e7e426b0",
        "003-saga-delivery-attempts": "114235c792a61e9d",
        "004-saga-ends": "84fb93176a1983a0",
        "005-saga-inbox-horizon": "5c5f7124f6b36de9",
        "006-saga-kept-replies": "a1349a655080adea",
        "007-state-as-json": "27e7ac21f2c39a58",
        "008-outcome-as-json": "cbbf13077eeaa0c6",
        "009-failed-sagas": "55e364ce67f81161",
        "010-operator-acts": "0d0fbb9d8fa1b401",
        "011-saga-clock": "2b133b4ca4d1c32e",
        "012-fingerprints": "5eaf22990e0060a6",
      }
    `);
  });
});
