/** A migration tool's own table: at which revision the database itself says it is. */
import pg from 'pg';
import { revisionsIn } from '../../domain/migration/by-commands.js';
import { type RevisionTable, UnreadableRevision } from '../../domain/migration/migration-tool.js';
import type { DatabaseClient } from '../postgres/postgres.js';
import { quotableError } from '../postgres/quotable.js';
import { ALL_OR_NONE, isOfHiddenRows } from '../postgres/row-counts.js';

interface StoredRevisions {
  /** Schema and name, quoted as SQL needs it. */
  name: string;
  revisions: string[];
}

/** The catalogue shows every table to everybody: one that is not in it is not there. */
const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name,
         has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as readable,
         row_security_active(c.oid) as filtered
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f')
     and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   order by 1`;

/** Every table of this name, in whichever schema. @throws {UnreadableRevision} when rows may be hidden */
export async function readRevisionTables(client: DatabaseClient, table: RevisionTable): Promise<StoredRevisions[]> {
  const { rows } = await client.query<{ name: string; readable: boolean; filtered: boolean }>(TABLES, [table.name]);
  const tables: StoredRevisions[] = [];
  for (const { name, readable, filtered } of rows) {
    if (!readable) throw new UnreadableRevision(`${name} may not be read: grant SELECT on it, and USAGE on its schema`);
    if (filtered)
      throw new UnreadableRevision(`rows of ${name} may be hidden by row security: exempt this user from it`);
    const { rows: stored } = await client.query<{ revision: string }>(table.revisions(name));
    tables.push({ name, revisions: stored.map(({ revision }) => revision) });
  }
  return tables;
}

/**
 * The revisions that the tool has written into the database.
 * @returns null when there is no such table
 * @throws {UnreadableRevision} when rows may be hidden, or two schemas have one and they differ
 */
export async function storedRevisions(client: DatabaseClient, table: RevisionTable): Promise<string[] | null> {
  const [first, ...others] = await readRevisionTables(client, table);
  if (!first) return null;
  const said = ({ revisions }: StoredRevisions) => revisions.join(', ') || 'no revision';
  if (others.some((other) => said(other) !== said(first))) {
    const all = [first, ...others].map((one) => `${one.name} holds ${said(one)}`).join(', ');
    throw new UnreadableRevision(`${all}: which of them counts is not known; remove what is left over`);
  }
  return first.revisions;
}

/**
 * The revisions that a plan's own query gives.
 * @throws {UnreadableRevision} for a query that the database refuses (a table that is not there, too), for rows that are no
 *   revision, and where row security would hide some: none would be taken for no revision
 */
export async function queriedRevisions(client: DatabaseClient, query: string): Promise<string[]> {
  try {
    // The extended protocol takes one statement only: nothing can be smuggled in behind the query.
    const asked = { text: query, rowMode: 'array', queryMode: 'extended' } as unknown as pg.QueryConfig;
    const { rows } = await client.transaction((inside) => inside.query<unknown[]>(asked), ALL_OR_NONE);
    return revisionsIn(rows.map(([value]) => value));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !OF_THE_STATEMENT.test(error.code ?? '')) throw error;
    const way = isOfHiddenRows(error) ? ': exempt this user from it (BYPASSRLS)' : '';
    throw new UnreadableRevision(`migration.query: ${quotableError(error)}${way}`);
  }
}

/** SQLSTATE classes of what no second try mends: syntax, names and rights, data, writes in a read-only transaction. */
const OF_THE_STATEMENT = /^(?:0A|22|25|42|P0)/;
