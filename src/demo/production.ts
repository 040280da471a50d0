/** Production as it is when the demo has ended: read from the database and the application, not from the workflow's word. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { request } from 'undici';
import type { TargetEnvironment } from '../../sandbox/local/target.js';

export interface ProductionState {
  /** What /health says it runs. */
  version: string;
  /** What alembic_version says. */
  revision: string;
  /** Of the plan's indexes: those that are there, valid and ready. */
  indexes: string[];
}

export async function readProduction(
  environment: Pick<TargetEnvironment, 'url' | 'database'>,
  expectedIndexes: string[],
): Promise<ProductionState> {
  const { host, port, name, user, passwordFile } = environment.database;
  const password = (await readFile(passwordFile, 'utf8')).trim();
  const client = new pg.Client({ host, port, database: name, user, password });
  await client.connect();
  try {
    const revision = await client.query<{ version_num: string }>('SELECT version_num FROM alembic_version');
    const indexes = await client.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       WHERE c.relname = ANY($1) AND i.indisvalid AND i.indisready AND i.indislive ORDER BY 1`,
      [expectedIndexes],
    );
    const health = (await (await request(`${environment.url}/health`)).body.json()) as { version: string };
    return {
      version: health.version,
      revision: revision.rows.map((row) => row.version_num).join(','),
      indexes: indexes.rows.map((row) => row.name),
    };
  } finally {
    await client.end();
  }
}
