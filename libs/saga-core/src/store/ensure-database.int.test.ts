import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { ensureDatabase } from './ensure-database.js';
import { openDatabase } from './open-database.js';

let testDatabase: TestDatabase;
/** A folder with a socket, through which one gets to the server that listens on TCP. */
let folder: string;
let socket: Server;
const through = new Set<Socket>();

beforeAll(async () => {
  testDatabase = await createTestDatabase('ensure_database');
  folder = mkdtempSync(path.join(tmpdir(), 'postgres-'));
  const { hostname, port } = new URL(testDatabase.url);
  socket = createServer((client) => {
    const server = connect(Number(port), hostname);
    for (const end of [client, server]) through.add(end.on('error', () => undefined));
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => socket.listen(path.join(folder, '.s.PGSQL.5432'), resolve));
});
afterAll(async () => {
  for (const end of through) end.destroy();
  await new Promise((resolve) => socket.close(resolve));
  rmSync(folder, { recursive: true });
  await testDatabase.drop();
});

const server = () => new URL(testDatabase.url);

it.each([
  ['a host and a port', () => server().host, () => ''],
  ['a folder of sockets, as a parameter', () => '', () => `?host=${folder}`],
  ['a folder of sockets, encoded', () => encodeURIComponent(folder), () => ''],
  ['a port and a folder of sockets', () => ':5432', () => `?host=${folder}&sslmode=disable`],
])('creates the database of a URL with %s, whatever its name is, and opens it', async (_title, host, parameters) => {
  const name = `${server().pathname.slice(1)}_a/b %?#"é`;
  const { username, password } = server();
  const url = `postgres://${username}:${password}@${host()}/${encodeURIComponent(name)}${parameters()}`;
  await Promise.all([ensureDatabase(url), ensureDatabase(url)]);
  await ensureDatabase(url);
  const database = openDatabase<unknown>(url, { poolSize: 1 });
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(database);
  await database.destroy();
  const owner = openDatabase<unknown>(testDatabase.url, { poolSize: 1 });
  await sql`drop database ${sql.id(name)}`.execute(owner);
  await owner.destroy();
  expect(rows).toEqual([{ name }]);
});
