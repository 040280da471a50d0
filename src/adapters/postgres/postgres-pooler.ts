/**
 * Whether a connection has a session of its own, or a pooler that lends it a server for one transaction at a time
 * (PgBouncer's `transaction` and `statement`, Supavisor, PgCat, Odyssey, RDS Proxy). Only asked, nothing is set: whatever
 * a pooler's server connection kept would be found by the application that has it next.
 */
import type pg from 'pg';

/** Two connections can be lent different servers by chance, and the same one a moment later. */
const ROUNDS = 4;

/**
 * @param another a second connection to the same place; opened only where somebody stands between us and the server
 * @returns true where a server is lent; a direct connection costs one question
 */
export async function isPooled(client: pg.Client, another: () => Promise<pg.Client>): Promise<boolean> {
  // PostgreSQL tells each connection the process that serves it. Whoever stands in between tells something made up.
  const { processID } = client as unknown as { processID: number | null };
  if ((await processOf(client)) === processID) return false;
  // A gateway does that too, and one server for as long as the connection lasts is a session.
  const other = await another();
  try {
    for (let round = 1; round <= ROUNDS; round++) if (await areLent(client, other)) return true;
    return false;
  } finally {
    await other.end().catch(() => undefined);
  }
}

/** Whether one server serves both, or one of them is served by several. */
async function areLent(client: pg.Client, other: pg.Client): Promise<boolean> {
  const first = await processOf(client);
  if ((await processOf(client)) !== first) return true;
  try {
    await other.query('begin read only');
  } catch (error) {
    // PgBouncer lends for one statement at a time: it knows no transactions.
    if (/statement pooling/.test((error as Error).message)) return true;
    throw error;
  }
  try {
    // Held by the other one's transaction, it can't serve this one.
    return (await processOf(other)) === first || (await processOf(client)) !== first;
  } finally {
    await other.query('rollback');
  }
}

async function processOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid;
}
