/** Both databases: reachable, readable, dumpable. Only looked at. */
import { ApplicationFailure } from '@temporalio/common';
import { findDumpTools } from '../../adapters/backup/dump.js';
import { readIndexes, readLeftovers } from '../../adapters/postgres/catalogue.js';
import { type DatabaseClient, quoteName, serverVersion, withDatabase } from '../../adapters/postgres/postgres.js';
import { countRowsOf } from '../../adapters/postgres/row-counts.js';
import {
  findStatements,
  hiddenStatements,
  OF_THIS_DATABASE,
  type Untold,
} from '../../adapters/postgres/statement-statistics.js';
import { FailureType } from '../../contract/errors.js';
import type { Database, Environment } from '../../contract/plan/environment.js';
import { readsStatements } from '../../contract/plan/metrics.js';
import { databaseOf, dumpOf, environmentsOf, watchesOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { stepsByID } from '../../contract/runbook.js';
import { formatDuration } from '../../domain/duration.js';
import { inOneLine } from '../../domain/one-line.js';
import { STEPS } from '../../domain/steps.js';
import type { Check, CheckContext, CheckResult } from './check.js';

/** Samples and windows are compared with what the database says of the time. Milliseconds. */
const LARGEST_SKEW = 30_000;

export const databaseChecks = ({ plan }: CheckContext): Check[] => [
  ...environmentsOf(plan)
    .filter(({ database }) => database !== undefined)
    .map((environment) => ({
      id: `${environment.name}-database`,
      step: STEPS.staging.id,
      run: () => lookAt(plan, environment),
    })),
];

/** The steps of an environment. */
export const stepsOf = ({ name }: Pick<Environment, 'name'>) =>
  name === 'staging'
    ? {
        backup: STEPS.stagingBackup.id,
        deploy: STEPS.stagingDeploy.id,
        health: STEPS.stagingHealth.id,
        logs: STEPS.stagingLogs.id,
        migration: STEPS.stagingMigration.id,
        // Where its revision is first asked for.
        revision: STEPS.stagingMigration.id,
        indexes: STEPS.stagingIndexes.id,
      }
    : {
        backup: STEPS.productionBackup.id,
        deploy: STEPS.productionDeploy.id,
        health: STEPS.productionHealth.id,
        logs: STEPS.productionLogs.id,
        migration: STEPS.productionMigration.id,
        revision: STEPS.productionFound.id,
        indexes: STEPS.productionIndexes.id,
      };

const placeOf = ({ name, host, port }: Database): string => `${name} on ${host}:${port}`;

async function lookAt(plan: ResolvedPlan, environment: Environment): Promise<CheckResult[]> {
  const { name } = environment;
  const { migration, indexes } = plan;
  const isDumped = dumpOf(plan) !== undefined;
  const database = databaseOf(environment);
  const where = `${name} database ${placeOf(database)}`;
  const connected = { ok: false };
  try {
    return await withDatabase(database, async (client) => {
      connected.ok = true;
      const version = await serverVersion(client);
      return [
        answers(name, where, version),
        await session(environment, where),
        ...(await clock(client, { name, where })),
        ...(name === 'staging' ? await minimumRows(client, plan) : []),
        ...(isDumped ? await dumpRights(client, environment, version) : []),
        ...(isDumped ? [await dumpTools(version, environment)] : []),
        ...(migration ? [await leftovers(client, environment)] : []),
        ...(indexes ? [await catalogue(client, environment, indexes.table)] : []),
        ...(await statements(client, environment, plan)),
      ];
    });
  } catch (error) {
    if (connected.ok || isSecretMissing(error)) throw error;
    const advice = 'Check host, user, password and the way to it from this machine.';
    return [{ name: `${name}-database`, ok: false, text: messageInOneLine(error), advice }];
  }
}

/** The versions that Surefoot is tried on. */
const OLDEST = 13;

function answers(name: string, where: string, version: number): CheckResult {
  const text = `${where} answers: PostgreSQL ${version}`;
  if (version >= OLDEST) return { name: `${name}-database`, ok: true, text };
  return {
    name: `${name}-database`,
    ok: false,
    text: `${text}, older than ${OLDEST}`,
    advice: `Surefoot reads PostgreSQL ${OLDEST} and newer.`,
  };
}

/** Whether there is more than a transaction to be had: migrations, dumps and restores need it. */
async function session(environment: Environment, where: string): Promise<CheckResult> {
  const finding = { name: `${environment.name}-session`, step: stepsOf(environment).backup };
  try {
    await withDatabase(databaseOf(environment), async () => undefined, { session: true });
    return { ...finding, ok: true, text: `${where} gives sessions: no pooler of transactions is in between` };
  } catch (error) {
    return { ...finding, ok: false, text: messageInOneLine(error) };
  }
}

/** The database's clock beside ours, asked in between. */
async function clock(client: DatabaseClient, { name, where }: { name: string; where: string }): Promise<CheckResult[]> {
  const before = Date.now();
  const { rows } = await client.query<{ at: number }>(
    `select extract(epoch from clock_timestamp())::float8 * 1000 as at`,
  );
  const skew = (rows[0]?.at ?? 0) - (before + Date.now()) / 2;
  const ok = Math.abs(skew) <= LARGEST_SKEW;
  const text = `the clock of ${where} is ${formatDuration(Math.abs(skew))} ${skew < 0 ? 'behind' : 'ahead of'} this machine's`;
  return [{ name: `${name}-clock`, ok, text, ...(!ok && { advice: 'Have both keep time by NTP.' }) }];
}

async function minimumRows(client: DatabaseClient, { prerequisites }: ResolvedPlan): Promise<CheckResult[]> {
  if (!prerequisites.minimumRows) return [];
  const { table, rows: least } = prerequisites.minimumRows;
  try {
    const rows = await countRowsOf(client, table);
    const ok = rows >= least;
    const text = `staging has ${rows} rows in ${table}, at least ${least} are needed`;
    return [{ name: 'rows', ok, text, ...(!ok && { advice: `Put test data into ${table} on staging.` }) }];
  } catch (error) {
    const advice = 'Name a table that is there in `prerequisites.minimumRows`.';
    return [{ name: 'rows', ok: false, text: `rows of ${table} on staging: ${messageInOneLine(error)}`, advice }];
  }
}

/** What pg_dump would read and may not, large objects too, and tables whose rows are hidden from it. */
async function dumpRights(client: DatabaseClient, environment: Environment, version: number): Promise<CheckResult[]> {
  const { rows } = await client.query<{ name: string; hidden: boolean }>(
    `select c.oid::regclass::text as name, row_security_active(c.oid) as hidden
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'S', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and (not has_schema_privilege(n.oid, 'usage')
             or not case c.relkind when 'S' then has_sequence_privilege(c.oid, 'select') else has_table_privilege(c.oid, 'select') end
             or (c.relkind in ('r', 'p') and row_security_active(c.oid)))
     union all
     select 'large object ' || min(oid) || case when count(*) > 1 then ' and ' || count(*) - 1 || ' others' else '' end, false
       from pg_largeobject_metadata
      where not pg_has_role(lomowner, 'usage')
        and not exists (select from aclexplode(lomacl) a where a.privilege_type = 'SELECT'
                           and case a.grantee when 0 then true else pg_has_role(a.grantee, 'usage') end)
     having count(*) > 0
      order by 1`,
  );
  const { name } = environment;
  const { user } = databaseOf(environment);
  // The role came with version 14.
  const grant = version < 14 ? 'SELECT ON ALL TABLES and SEQUENCES of its schemas' : 'pg_read_all_data';
  const names = rows.slice(0, 5).map((row) => (row.hidden ? `${row.name} (row security)` : row.name));
  const more = rows.length > 5 ? ` and ${rows.length - 5} more` : '';
  const denied = `${name}: ${user} may not read ${names.join(', ')}${more}`;
  return [
    {
      name: `${name}-dump-rights`,
      step: stepsOf(environment).backup,
      ok: rows.length === 0,
      text: rows.length === 0 ? `${name}: ${user} may read all that a dump holds` : denied,
      ...(rows.length > 0 && {
        advice: `GRANT ${grant} TO ${user}, SELECT for large objects, and BYPASSRLS for row security.`,
      }),
    },
  ];
}

async function dumpTools(version: number, { name, tools }: Environment): Promise<CheckResult> {
  const step = stepsOf({ name }).backup;
  try {
    const found = await findDumpTools(version, tools);
    return { name: `${name}-pg-dump`, step, ok: true, text: `${found.version} dumps PostgreSQL ${version}` };
  } catch (error) {
    return { name: `${name}-pg-dump`, step, ok: false, text: `${name}: ${messageInOneLine(error)}` };
  }
}

async function leftovers(client: DatabaseClient, environment: Environment): Promise<CheckResult> {
  const left = (await readLeftovers(client)).filter(({ builtBy }) => builtBy === null);
  const names = left.map((index) => `${index.name} on ${index.table}`).join(', ');
  const { name } = environment;
  return {
    name: `${name}-leftovers`,
    step: stepsOf(environment).migration,
    ok: left.length === 0,
    text: left.length === 0 ? `${name} has no invalid index` : `${name} has invalid indexes: ${names}`,
    ...(left.length > 0 && { advice: 'Drop what an earlier CREATE INDEX CONCURRENTLY has left.' }),
  };
}

async function catalogue(client: DatabaseClient, environment: Environment, table: string): Promise<CheckResult> {
  const { name } = environment;
  const step = stepsOf(environment).indexes;
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    quoteName(table),
  ]);
  if (!rows[0]?.there) {
    const text = `${name} has no table ${table} (unless the migration makes it)`;
    return { name: `${name}-indexes`, step, ok: false, text, advice: 'Put `indexes.table` of the plan right.' };
  }
  const indexes = await readIndexes(client, table);
  return { name: `${name}-indexes`, step, ok: true, text: `${name} has ${table}, with ${indexes.length} indexes now` };
}

/** Slow queries: a step of its own on production where a box rests on it, and a metric where a watch has it. */
async function statements(
  client: DatabaseClient,
  environment: Environment,
  plan: ResolvedPlan,
): Promise<CheckResult[]> {
  const { name } = environment;
  const { user } = databaseOf(environment);
  const watches = watchesOf(plan).filter((watch) => watch.environment === name);
  const review = name === 'production' ? stepsByID(plan).get(STEPS.databaseReview.id) : undefined;
  const step =
    watches.find(({ metrics }) => metrics.some(readsStatements))?.id ??
    (review?.off === undefined ? review?.id : undefined);
  if (step === undefined) return [];
  const finding = { name: `${name}-statements`, step };
  const found = await findStatements(client);
  const no = ({ unknown, advice }: Untold) => [
    { ...finding, ok: false, text: `${name}: ${unknown}`, advice: `${advice}.` },
  ];
  if ('unknown' in found) return no(found);
  const { rows } = await client.query<{ hidden: number; all: boolean }>(
    `select (count(*) filter (where queryid is null))::int as hidden,
            pg_has_role(current_user, 'pg_read_all_stats', 'usage') as "all"
       from ${found.view} where ${OF_THIS_DATABASE}`,
  );
  const { hidden = 0, all = false } = rows[0] ?? {};
  if (hidden > 0) return no(hiddenStatements(hidden, user));
  if (all) return [{ ...finding, ok: true, text: `${name}: pg_stat_statements can be read` }];
  const text = `${name}: ${user} sees only its own statements in pg_stat_statements`;
  const advice = `GRANT pg_read_all_stats TO ${user}, unless the application is that user.`;
  return [{ ...finding, ok: true, note: true, text, advice }];
}

/** The credential's own line says so. */
export const isSecretMissing = (error: unknown): boolean =>
  error instanceof ApplicationFailure &&
  (error.type === FailureType.SecretMissing || error.type === FailureType.SecretUnknown);

export const messageInOneLine = (error: unknown): string => inOneLine((error as Error).message);
