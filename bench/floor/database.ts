/** PostgreSQL for the floor: prepared statements on one connection, each its own transaction. */
import net from 'node:net';
import pg from 'pg';
import type { FloorConfig } from './config.js';

/** One connection. */
export class Database {
  private readonly client: pg.Client;

  private constructor(client: pg.Client) {
    this.client = client;
  }

  /** Connects. */
  static async open({ databaseUrl }: FloorConfig): Promise<Database> {
    const client = new pg.Client({ connectionString: databaseUrl, stream: () => new net.Socket() });
    await client.connect();
    return new Database(client);
  }

  /** Runs statements without parameters. */
  async run(text: string): Promise<void> {
    await this.client.query(text);
  }

  /** Executes a statement, which is prepared under its name. */
  async execute(name: string, text: string, values: readonly unknown[]): Promise<void> {
    await this.client.query({ name, text, values: [...values] });
  }
}
