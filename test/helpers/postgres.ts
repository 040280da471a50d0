import pg from 'pg';
import type { Database } from '../../src/contract/plan/environment.js';
import { startTestServer } from '../activities/postgres-server.js';

/** A real server with one database that a test may do anything to. */
export interface TestDatabase {
  database: Database;
  /** A new connection as the owner; ended with the server. */
  connect: () => Promise<pg.Client>;
  stop: () => Promise<void>;
}

export async function startPostgres(): Promise<TestDatabase> {
  const server = await startTestServer();
  const database = await server.create('test');
  const clients: pg.Client[] = [];
  return {
    database,
    connect: async () => {
      const client = new pg.Client({ ...server.connection, database: database.name });
      client.on('error', () => {});
      await client.connect();
      clients.push(client);
      return client;
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
      await server.stop();
    },
  };
}
