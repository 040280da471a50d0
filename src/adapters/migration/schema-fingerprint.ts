/** A schema in words that do not depend on how it came about, its fingerprint, and what differs between two of them. */
import { createHash } from 'node:crypto';
import { BOOKKEEPING_TABLES } from '../../domain/migration/migration-tools.js';
import type { DatabaseClient } from '../postgres/postgres.js';

/** Definitions by name, by kind of object. */
export type SchemaDescription = Record<Kind, Record<string, string>>;

/** A relation that is the user's own: not the system's, not an extension's, not a migration tool's. */
export const ownRelation = (relation: string): string => `
  ${relation}.relnamespace in (select oid from own_schemas)
  and ${relation}.relname <> all (array['${BOOKKEEPING_TABLES.join("','")}'])
  and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = ${relation}.oid and d.deptype = 'e')`;

/** To be put before a query that uses {@link ownRelation}. */
export const OWN_SCHEMAS = `own_schemas as (
  select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')`;

const ownName = (relation: string) =>
  `(select nspname from own_schemas s where s.oid = ${relation}.relnamespace) || '.' || ${relation}.relname`;

/** Whether an object other than a relation belongs to a schema of the user, and to no extension. */
const own = (catalogue: string, namespace: string, oid: string) => `${namespace} in (select oid from own_schemas)
  and not exists (select 1 from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;

/** Each query gives `name` and `definition`. With `search_path` at pg_catalog PostgreSQL writes every name with its schema. */
const QUERIES = {
  schema: `select nspname as name, '' as definition from own_schemas`,
  extension: 'select extname as name, extversion as definition from pg_extension',
  type: `
    select format_type(t.oid, null) as name, case t.typtype
        when 'e' then (select 'enum ' || string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum e where e.enumtypid = t.oid)
        when 'd' then 'domain ' || format_type(t.typbasetype, t.typtypmod) || case when t.typnotnull then ' not null' else '' end || coalesce(' default ' || t.typdefault, '')
        when 'c' then (select 'composite ' || string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
                         from pg_attribute a where a.attrelid = t.typrelid and attnum > 0 and not attisdropped)
        else 'range' end as definition
      from pg_type t left join pg_class c on c.oid = t.typrelid
     where (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c')) and ${own('pg_type', 't.typnamespace', 't.oid')}`,
  table: `
    select ${ownName('c')} as name, concat_ws(' ', case c.relkind when 'f' then 'foreign' when 'p' then 'partitioned' else 'table' end,
        nullif('persistence ' || c.relpersistence::text, 'persistence p'), 'by ' || pg_get_partkeydef(c.oid),
        pg_get_expr(c.relpartbound, c.oid), array_to_string(c.reloptions, ', '), case when c.relrowsecurity then 'row level security' end) as definition
      from pg_class c where c.relkind in ('r', 'p', 'f') and ${ownRelation('c')}`,
  column: `
    select ${ownName('c')} || '.' || a.attname as name, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then 'not null' end,
        case a.attgenerated when '' then 'default ' else 'generated ' end || pg_get_expr(f.adbin, f.adrelid),
        nullif('identity ' || a.attidentity::text, 'identity '),
        (select 'collate ' || collname from pg_collation l where l.oid = a.attcollation and collname <> 'default')) as definition
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef f on f.adrelid = c.oid and f.adnum = a.attnum
     where c.relkind in ('r', 'p', 'f') and ${ownRelation('c')}`,
  constraint: `
    select ${ownName('c')} || '.' || k.conname as name, pg_get_constraintdef(k.oid) as definition
      from pg_constraint k join pg_class c on c.oid = k.conrelid where k.contype <> 'n' and ${ownRelation('c')}
    union all
    select format_type(k.contypid, null) || '.' || k.conname, pg_get_constraintdef(k.oid)
      from pg_constraint k where k.contypid <> 0 and ${own('pg_constraint', 'k.connamespace', 'k.oid')}`,
  index: `
    select ${ownName('i')} as name, concat_ws(' ', pg_get_indexdef(i.oid),
        case when not x.indisvalid then 'INVALID' end, case when not x.indisready then 'NOT READY' end, case when not x.indislive then 'NOT LIVE' end) as definition
      from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
     where ${ownRelation('c')} and c.relkind <> 't'`,
  sequence: `
    select ${ownName('c')} as name, concat_ws(' ', format_type(q.seqtypid, null), 'start', q.seqstart, 'increment', q.seqincrement,
        'min', q.seqmin, 'max', q.seqmax, case when q.seqcycle then 'cycle' end) as definition
      from pg_sequence q join pg_class c on c.oid = q.seqrelid where ${ownRelation('c')}`,
  view: `
    select ${ownName('c')} as name, case c.relkind when 'm' then 'materialized ' else '' end || pg_get_viewdef(c.oid) as definition
      from pg_class c where c.relkind in ('v', 'm') and ${ownRelation('c')}`,
  function: `
    select p.oid::regprocedure::text as name, case p.prokind when 'a' then 'aggregate' else pg_get_functiondef(p.oid) end as definition
      from pg_proc p where ${own('pg_proc', 'p.pronamespace', 'p.oid')}`,
  trigger: `
    select ${ownName('c')} || '.' || t.tgname as name, pg_get_triggerdef(t.oid) || ' enabled ' || t.tgenabled::text as definition
      from pg_trigger t join pg_class c on c.oid = t.tgrelid where not t.tgisinternal and ${ownRelation('c')}`,
  policy: `
    select ${ownName('c')} || '.' || p.polname as name, concat_ws(' ', p.polcmd::text, case when p.polpermissive then 'permissive' else 'restrictive' end,
        'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid)) as definition
      from pg_policy p join pg_class c on c.oid = p.polrelid where ${ownRelation('c')}`,
};
type Kind = keyof typeof QUERIES;
const KINDS = Object.keys(QUERIES) as Kind[];
const PLURALS: Partial<Record<Kind, string>> = { index: 'indexes', policy: 'policies' };

/**
 * Every object of the database but what belongs to the system, to extensions and to migration tools. Left out, because
 * no downgrade restores them: the order of columns, values of sequences, owners, rights, comments.
 */
export function describeSchema(client: DatabaseClient): Promise<SchemaDescription> {
  return client.transaction(
    async (moment) => {
      const description = {} as SchemaDescription;
      for (const kind of KINDS) {
        const text = `with ${OWN_SCHEMAS} ${QUERIES[kind]}`;
        const { rows } = await moment.query<{ name: string; definition: string }>(text);
        description[kind] = Object.fromEntries(rows.map(({ name, definition }) => [name, definition]));
      }
      return description;
    },
    { isolation: 'repeatable read', settings: { search_path: 'pg_catalog' } },
  );
}

/** SHA-256, hexadecimal, over the objects in the order of their names: the same for the same schema on any server. */
export function fingerprint(description: SchemaDescription): string {
  const sorted = KINDS.map((kind) => [kind, Object.entries(description[kind]).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

/** The most names that a sentence takes. */
const MOST_NAMES = 6;

/** @returns `4 indexes added (public.a, …)`; an empty text when nothing differs */
export function describeChanges(before: SchemaDescription, after: SchemaDescription): string {
  const changes = KINDS.flatMap((kind) => {
    const [was, is] = [before[kind], after[kind]];
    const named = {
      added: Object.keys(is).filter((name) => !Object.hasOwn(was, name)),
      removed: Object.keys(was).filter((name) => !Object.hasOwn(is, name)),
      changed: Object.keys(is).filter((name) => Object.hasOwn(was, name) && was[name] !== is[name]),
    };
    return Object.entries(named).flatMap(([how, names]) => (names.length > 0 ? [phrase(kind, how, names.sort())] : []));
  });
  return changes.join(', ');
}

/** Tables and columns that are in the second and not in the first; a new table's columns are not named on their own. */
export function additions(
  before: SchemaDescription,
  after: SchemaDescription,
): { tables: string[]; columns: { table: string; column: string }[] } {
  const isNew = (kind: Kind) => (name: string) => !Object.hasOwn(before[kind], name);
  const kept = Object.keys(after.table).filter((name) => !isNew('table')(name));
  const columns = Object.keys(after.column)
    .filter(isNew('column'))
    .flatMap((name) => {
      const table = kept.find((candidate) => name.startsWith(`${candidate}.`));
      return table === undefined ? [] : [{ table, column: name.slice(table.length + 1) }];
    });
  return { tables: Object.keys(after.table).filter(isNew('table')), columns };
}

function phrase(kind: Kind, how: string, names: string[]): string {
  const noun = names.length === 1 ? kind : (PLURALS[kind] ?? `${kind}s`);
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return `${names.length} ${noun} ${how} (${shown}${names.length > MOST_NAMES ? ', …' : ''})`;
}
