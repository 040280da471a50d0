/** What a database holds, by name and number: what a dump of it must list, and a restore of it must bring back. */
import type { RevisionTable } from '../../domain/migration/migration-tool.js';
import { readRevisionTables } from '../migration/revision-table.js';
import type { DatabaseClient } from '../postgres/postgres.js';

export interface Entry {
  kind: 'table' | 'view' | 'sequence' | 'index' | 'constraint';
  /** Schema and name, a constraint's also with its table, quoted as SQL needs it. */
  name: string;
  /** As a dump's list numbers it: the catalogue's table (pg_class, pg_constraint) and the object in it. */
  id: string;
  /** A table that holds rows itself (no partitioned parent, no foreign table). */
  rows: boolean;
  /** pg_dump leaves an invalid index out, and the constraint that rests on it. */
  valid: boolean;
}

export interface Inventory {
  entries: Entry[];
  /** What the migration tool's tables hold, each with its schema where there are several; missing when there is none. */
  revisions?: string[];
  /** Exact numbers of rows, by table. */
  rows: Record<string, number>;
  /** How many; missing in older records. */
  largeObjects?: number;
}

/**
 * Schemas of the system, and what belongs to an extension, are no part of a dump. Constraints that are written within
 * their table (checks) or made by PostgreSQL for partitions are not listed by themselves.
 */
const ENTRIES = `
  with own as (
    select c.oid, c.relkind, n.nspname as schema, format('%I.%I', n.nspname, c.relname) as full_name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select 1 from pg_depend d
                        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')),
  constraints as (
    select k.oid, k.conrelid, k.conindid, k.contype, format('%s.%I', own.full_name, k.conname) as full_name
      from pg_constraint k join own on own.oid = k.conrelid
     where k.contype in ('p', 'u', 'x') or (k.contype = 'f' and k.conparentid = 0)),
  indexes as (
    select i.indexrelid as oid, i.indrelid, format('%I.%I', own.schema, c.relname) as full_name,
           (i.indisvalid or own.relkind = 'p') and i.indisready as valid
      from pg_index i join own on own.oid = i.indrelid join pg_class c on c.oid = i.indexrelid)
  select case when relkind in ('r', 'p', 'f') then 'table' when relkind = 'S' then 'sequence' else 'view' end as kind,
         full_name as name, '1259 ' || oid as id, relkind = 'r' as rows, true as valid
    from own where relkind in ('r', 'p', 'f', 'v', 'm', 'S')
  union all
  select 'index', full_name, '1259 ' || oid, false, valid from indexes i
   where not exists (select 1 from constraints k
                      where k.conindid = i.oid and k.conrelid = i.indrelid and k.contype <> 'f')
  union all
  select 'constraint', k.full_name, '2606 ' || k.oid, false, coalesce(i.valid, true)
    from constraints k left join indexes i on i.oid = k.conindid and k.contype <> 'f'
  order by 1, 2`;

export async function readEntries(client: DatabaseClient): Promise<Entry[]> {
  return (await client.query<Entry>(ENTRIES)).rows;
}

/**
 * Reads everything and counts every row of every table.
 * @param entries those of {@link readEntries}
 * @param table of the migration tool, where it is known
 */
export async function takeInventory(
  client: DatabaseClient,
  entries: Entry[],
  table: RevisionTable | undefined,
): Promise<Inventory> {
  const rows: Record<string, number> = {};
  for (const { name } of entries.filter((entry) => entry.rows)) {
    const counted = await client.query<{ count: string }>(`select count(*) as count from ${name}`);
    rows[name] = Number(counted.rows[0]?.count);
  }
  const objects = await client.query<{ count: number }>('select count(*)::int as count from pg_largeobject_metadata');
  const revisions = table && (await revisionsIn(client, table));
  return { entries, revisions, rows, largeObjects: objects.rows[0]?.count };
}

async function revisionsIn(client: DatabaseClient, table: RevisionTable): Promise<string[] | undefined> {
  const tables = await readRevisionTables(client, table);
  if (tables.length < 2) return tables[0]?.revisions;
  return tables.map(({ name, revisions }) => `${name}: ${revisions.join(', ') || 'none'}`);
}

/**
 * What a restored database lacks or has otherwise than the one that was dumped, in words; empty when nothing.
 * @param without the numbers of entries that are known to be missing
 */
export function inventoryDifferences(
  dumped: Inventory,
  restored: Inventory,
  without: Set<string> = new Set(),
): string[] {
  const found: string[] = [];
  const [before, after] = [dumped, restored].map(({ revisions = [] }) => revisions.join(', ') || 'none');
  if (before !== after) found.push(`revision ${after} instead of ${before}`);
  const there = new Set(restored.entries.filter(({ valid }) => valid).map(label));
  for (const entry of dumped.entries) {
    if (entry.valid && !without.has(entry.id) && !there.has(label(entry)))
      found.push(`${label(entry)} is missing or not valid`);
  }
  for (const [table, count] of Object.entries(dumped.rows)) {
    const counted = restored.rows[table];
    if (counted !== undefined && counted !== count) found.push(`${table} has ${counted} rows instead of ${count}`);
  }
  const [objects, objectsLeft] = [dumped.largeObjects, restored.largeObjects];
  if (objects !== undefined && objectsLeft !== undefined && objects !== objectsLeft) {
    found.push(`${objectsLeft} large objects instead of ${objects}`);
  }
  return found;
}

export const label = ({ kind, name }: Entry): string => `${kind} ${name}`;

/** `3 tables, 2 indexes`: how many there are of each kind. */
export function countKinds(entries: Entry[]): string {
  const kinds = [...new Set(entries.map(({ kind }) => kind))];
  const number = (kind: Entry['kind']) => entries.filter((entry) => entry.kind === kind).length;
  const plural = (kind: Entry['kind']) =>
    number(kind) === 1 ? kind : ({ index: 'indexes' }[kind as 'index'] ?? `${kind}s`);
  return kinds.map((kind) => `${number(kind)} ${plural(kind)}`).join(', ');
}
