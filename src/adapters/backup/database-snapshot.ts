/** One moment of a database, held still for a dump and for those who count what must be in it. */
import type { Database } from '../../contract/plan/environment.js';
import type { RevisionTable } from '../../domain/migration/migration-tool.js';
import { type DatabaseClient, serverVersion, withDatabase } from '../postgres/postgres.js';
import { type Entry, type Inventory, readEntries, takeInventory } from './database-inventory.js';

/** How the database that was dumped sorts and writes text; a restore needs the same. */
export interface Locale {
  encoding: string;
  collation: string;
  character: string;
  /** Where it is not the C library that sorts: `icu`, or from version 17 on `builtin`. */
  provider: 'icu' | 'builtin' | null;
  /** The provider's own name of the locale. */
  locale: string | null;
}

export interface Snapshot {
  /** As pg_dump takes it by `--snapshot`. */
  id: string;
  /** The server's major version. */
  version: number;
  locale: Locale;
  entries: Entry[];
  /** Counts in this very moment, whatever has been written since. @param table of the migration tool */
  inventory: (table: RevisionTable | undefined) => Promise<Inventory>;
}

/**
 * Works with a snapshot: live traffic neither waits for it nor shows in it. A cancellation ends what is being counted. Who
 * has taken it over keeps it when this ends.
 * @param how.limit longest time of a count, milliseconds
 * @throws what {@link withDatabase} throws
 */
export function withSnapshot<T>(
  database: Database,
  { signal, limit }: { signal: AbortSignal; limit: number },
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  return withDatabase(
    database,
    (connection) =>
      connection.transaction((client) => hold(client, database.name, work), {
        isolation: 'repeatable read',
        settings: SETTINGS,
      }),
    // pg_dump, which joins the snapshot, needs a session as well.
    { applicationName: 'surefoot-backup', session: true, limit, signal },
  );
}

/**
 * The transaction lasts as long as the dump, idle; a count may wait for a locked table as long as pg_dump does, and no
 * longer; and hidden rows (row security) must be an error, not a smaller number.
 */
const SETTINGS = {
  idle_in_transaction_session_timeout: '0',
  transaction_timeout: '0',
  lock_timeout: '60s',
  row_security: 'off',
};

async function hold<T>(client: DatabaseClient, database: string, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const { rows } = await client.query<{ id: string }>('select pg_export_snapshot() as id');
  // Ends a count whose client is gone; not every version and platform has it.
  await client.query('savepoint watched');
  await client
    .query("set local client_connection_check_interval = '2s'")
    .catch(() => client.query('rollback to savepoint watched'));
  const version = await serverVersion(client);
  const entries = await readEntries(client);
  const inventory = (table: RevisionTable | undefined) => takeInventory(client, entries, table);
  const locale = (await localeOf(client, database)) as Locale;
  return work({ id: rows[0]?.id ?? '', version, locale, entries, inventory });
}

/** @returns nothing when the server has no such database */
export async function localeOf(client: DatabaseClient, database: string): Promise<Locale | undefined> {
  const version = await serverVersion(client);
  // Other providers came with version 15, and their locales have another column since 17.
  const own = version < 15 ? 'null' : version < 17 ? 'daticulocale' : 'datlocale';
  const provider = version < 15 ? `'c'` : 'datlocprovider';
  const { rows } = await client.query<Locale>(
    `select pg_encoding_to_char(encoding) as encoding, datcollate as collation, datctype as character,
            case ${provider} when 'i' then 'icu' when 'b' then 'builtin' end as provider,
            case when ${provider} in ('i', 'b') then ${own} end as locale
       from pg_database where datname = $1`,
    [database],
  );
  return rows[0];
}
