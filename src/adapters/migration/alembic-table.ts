/** alembic's own table: at which revision the database itself says it is. */
import type { DatabaseClient } from '../postgres/postgres.js';
import { UnreadableRevision } from './alembic.js';

interface VersionTable {
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
   where c.relname = 'alembic_version' and c.relkind in ('r', 'p', 'v', 'm', 'f')
     and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   order by 1`;

/** Every table named `alembic_version`, in whichever schema. @throws {UnreadableRevision} when rows may be hidden */
export async function readVersionTables(client: DatabaseClient): Promise<VersionTable[]> {
  const { rows } = await client.query<{ name: string; readable: boolean; filtered: boolean }>(TABLES);
  const tables: VersionTable[] = [];
  for (const { name, readable, filtered } of rows) {
    if (!readable) throw new UnreadableRevision(`${name} may not be read: grant SELECT on it, and USAGE on its schema`);
    if (filtered)
      throw new UnreadableRevision(`rows of ${name} may be hidden by row security: exempt this user from it`);
    const { rows: versions } = await client.query<{ version_num: string }>(
      `select version_num from ${name} order by 1`,
    );
    tables.push({ name, revisions: versions.map(({ version_num }) => version_num) });
  }
  return tables;
}

/**
 * The revisions that alembic has written into the database.
 * @returns null when there is no such table
 * @throws {UnreadableRevision} when rows may be hidden, or two schemas have one and they differ
 */
export async function alembicRevisions(client: DatabaseClient): Promise<string[] | null> {
  const [first, ...others] = await readVersionTables(client);
  if (!first) return null;
  const said = ({ revisions }: VersionTable) => revisions.join(', ') || 'no revision';
  if (others.some((other) => said(other) !== said(first))) {
    const all = [first, ...others].map((table) => `${table.name} holds ${said(table)}`).join(', ');
    throw new UnreadableRevision(`${all}: which of them counts is not known; remove what is left over`);
  }
  return first.revisions;
}
