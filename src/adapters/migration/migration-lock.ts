/** One migration at a time for a database: an advisory lock, and a look at what is still running in it. */
import { createHash } from 'node:crypto';
import type { StepKey } from '../../contract/activities/step.js';
import { type DatabaseClient, LONGEST_NAME } from '../postgres/postgres.js';

/** The lock's key, the same for every Surefoot. Advisory locks belong to one database, so no name is needed in it. */
const LOCK: [number, number] = [0x5375_7265, 1];
const MIGRATION = 'surefoot:';
const LOCK_HOLDER = 'surefoot-lock:';
const LONGEST_GENERATION = 5;

/** How a step's migration names its connections (PGAPPNAME): the same for all generations but the last part. */
export function migrationName(key: StepKey): string {
  return `${migrationPrefix(key)}${key.generation}`;
}

/** How the connection that holds the lock for a step is named. */
export const lockName = (key: StepKey): string => shorten(LOCK_HOLDER, key, 0);

/** Whether a connection that holds the lock does so for a step of the same deployment. */
export const locksForDeployment = (holder: Backend, key: StepKey): boolean =>
  holder.applicationName.startsWith(lockName(key).slice(0, `${LOCK_HOLDER}${key.deployment}/`.length));

const migrationPrefix = (key: StepKey) => `${shorten(MIGRATION, key, LONGEST_GENERATION)}/`;

function shorten(prefix: string, key: StepKey, reserve: number): string {
  const name = `${key.deployment}/${key.step}`.replaceAll(/[^\x20-\x7e]/g, '?');
  const room = LONGEST_NAME - prefix.length - reserve - 1;
  if (name.length <= room) return prefix + name;
  // A digest keeps two long names apart that begin alike.
  const digest = createHash('sha256').update(`${key.deployment}/${key.step}`).digest('hex').slice(0, 10);
  return `${prefix}${name.slice(0, room - digest.length - 1)}~${digest}`;
}

export interface Backend {
  pid: number;
  applicationName: string;
  user: string | null;
}

/** For the transaction that holds the lock: it waits for the migration and must not be ended for that. */
export const HELD = {
  settings: { idle_in_transaction_session_timeout: '0', transaction_timeout: '0' },
};

/**
 * Takes the lock for as long as the transaction lasts. An idle one that has only this lock keeps nothing from anybody:
 * neither index builds nor vacuum wait for it.
 * @returns who has it, when somebody else does
 */
export async function takeMigrationLock(client: DatabaseClient): Promise<{ heldBy?: Backend }> {
  // Without parameters: PostgreSQL would keep what is bound, with a snapshot that index builds wait for.
  const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_xact_lock(${LOCK}) as taken`);
  if (rows[0]?.taken) return {};
  const { rows: holders } = await client.query<Backend>(
    `select a.pid, coalesce(a.application_name, '') as "applicationName", a.usename as "user"
       from pg_locks l join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.granted and l.classid = $1 and l.objid = $2 and l.objsubid = 2
        and l.database = (select oid from pg_database where datname = current_database())`,
    LOCK,
  );
  return { heldBy: holders[0] ?? { pid: 0, applicationName: 'a holder that has just gone', user: null } };
}

/**
 * Connections of migrations that are still there: of this deployment (a rollback has to wait for the upgrade that it
 * undoes), and of other ones.
 */
export async function runningMigrations(
  client: DatabaseClient,
  key: StepKey,
): Promise<{ ours: Backend[]; others: Backend[] }> {
  const { rows } = await client.query<Backend>(
    `select pid, application_name as "applicationName", usename as "user" from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and starts_with(application_name, $1)`,
    [MIGRATION],
  );
  const prefix = migrationPrefix(key).slice(0, `${MIGRATION}${key.deployment}/`.length);
  return {
    ours: rows.filter((row) => row.applicationName.startsWith(prefix)),
    others: rows.filter((row) => !row.applicationName.startsWith(prefix)),
  };
}

/** For people: `process 4711 (surefoot:…, user deploy)`. */
export const describeBackend = (backend: Backend): string =>
  `process ${backend.pid} (${backend.applicationName || 'no application name'}${backend.user ? `, user ${backend.user}` : ''})`;
