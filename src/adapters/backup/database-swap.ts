/**
 * A restored database takes the place of the present one, which stays under another name. There is no transaction over
 * databases, so a mark on the restored one says how far it is: whoever comes after a crash goes on from there.
 */
import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import type { Database } from '../../contract/plan/environment.js';
import { type DatabaseClient, LONGEST_NAME, withDatabase } from '../postgres/postgres.js';
import { databaseReason, isLost } from '../postgres/postgres-errors.js';
import { databaseIsThere, dropDatabase, expelOthers, withoutSessions } from './database-administration.js';

export interface Swap {
  /** The name that the application connects to. */
  present: string;
  /** What the restored database is called until it is in place. */
  restored: string;
  deployment: string;
  /** Of the dump. */
  sha256: string;
}

export const swapOf = (present: string, { deployment, sha256 }: { deployment: string; sha256: string }): Swap => {
  const hash = createHash('sha256').update(`${deployment} ${sha256}`).digest('hex').slice(0, 8);
  return { present, restored: fitting(present, `_restored_${hash}`), deployment, sha256 };
};

/** `eduautismo_prod_before_restore_20251124120000`: what the present database is called afterwards. */
export const replacedName = (present: string, at: number): string =>
  fitting(present, `_before_restore_${new Date(at).toISOString().replaceAll(/\D/g, '').slice(0, 14)}`);

/** PostgreSQL cuts longer names off, and two could become one. */
function fitting(name: string, suffix: string): string {
  let start = name;
  while (Buffer.byteLength(start + suffix) > LONGEST_NAME) start = start.slice(0, -1);
  return start + suffix;
}

/** Databases to give orders from: nobody can rename the one that he is connected to. */
const ADMINISTRATIVE = ['postgres', 'template1'];

/**
 * Works with one connection, which gives every order. Another attempt that is still at it loses its own first, so that
 * it can change nothing any more.
 */
export async function administering<T>(
  database: Database,
  swap: Swap,
  work: (client: DatabaseClient) => Promise<T>,
): Promise<T> {
  const [first, second] = ADMINISTRATIVE.filter((name) => name !== database.name);
  let begun = false;
  const from = (name = '') =>
    withDatabase(
      { ...database, name },
      async (client) => {
        begun = true;
        await expelOthers(client, swap.restored);
        return work(client);
      },
      { applicationName: swap.restored, session: true },
    );
  try {
    return await from(first);
  } catch (error) {
    // Not there, or closed to this user: the other one will do.
    if (begun || second === undefined || !(error instanceof ApplicationFailure && error.nonRetryable)) throw error;
    return from(second);
  }
}

/** How far the swap is. `kept` is what the present database is called afterwards. */
export type Progress = { state: 'begun' } | { state: 'restored' | 'in-place'; kept: string };

export async function readProgress(client: DatabaseClient, swap: Swap): Promise<Progress> {
  const { rows } = await client.query<{ datname: string; comment: string | null }>(
    `select datname, shobj_description(oid, 'pg_database') as comment from pg_database where datname in ($1, $2)`,
    [swap.present, swap.restored],
  );
  for (const { datname, comment } of rows) {
    const [, deployment, sha256, kept] = MARK.exec(comment ?? '') ?? [];
    if (kept === undefined || deployment !== swap.deployment || sha256 !== swap.sha256) continue;
    return { state: datname === swap.present ? 'in-place' : 'restored', kept };
  }
  return { state: 'begun' };
}

/** At the end of the database's comment, where people see it too. */
const MARK = /\n*Restored by Surefoot for (\S+) from the dump with sha256 (\S+); the one before it is (.+)$/;

const markOf = ({ deployment, sha256 }: Swap, kept: string): string =>
  `Restored by Surefoot for ${deployment} from the dump with sha256 ${sha256}; the one before it is ${kept}`;

/**
 * Gives the restored database what belongs to a database and is in no dump of it: comment, owner, limit, settings,
 * rights. The mark comes last: it says that all is done.
 * @returns what this user may not give it, with the reason
 */
export async function inherit(client: DatabaseClient, swap: Swap, kept: string): Promise<string[]> {
  const from = await readProperties(client, swap.present);
  const name = pg.escapeIdentifier(swap.restored);
  const unkept: string[] = [];
  const give = async (what: string, ...statements: string[]) => {
    try {
      await client.query('begin');
      for (const statement of statements) await client.query(statement);
      await client.query('commit');
    } catch (error) {
      if (!saidByServer(error)) throw error;
      await client.query('rollback');
      unkept.push(`${what} (${databaseReason(error)})`);
    }
  };
  if (from.owner !== from.self) {
    await give(`owner ${from.owner}`, `alter database ${name} owner to ${pg.escapeIdentifier(from.owner)}`);
  }
  if (from.limit >= 0) await give('connection limit', `alter database ${name} connection limit ${from.limit}`);
  for (const { role, setting, value } of from.settings) {
    const whose = role === null ? `database ${name}` : `role ${pg.escapeIdentifier(role)} in database ${name}`;
    // By way of the transaction's own setting: lists are written otherwise than plain values.
    const set = `select set_config(${pg.escapeLiteral(setting)}, ${pg.escapeLiteral(value)}, true)`;
    const parts = setting.split('.').map((part) => pg.escapeIdentifier(part));
    await give(`setting ${setting}`, set, `alter ${whose} set ${parts.join('.')} from current`);
  }
  for (const { grantee, right, grantable } of from.rights) {
    const whom = grantee === null ? 'public' : pg.escapeIdentifier(grantee);
    const option = grantable ? ' with grant option' : '';
    await give(`${right} for ${grantee ?? 'public'}`, `grant ${right} on database ${name} to ${whom}${option}`);
  }
  const comment = [from.comment?.replace(MARK, ''), markOf(swap, kept)].filter(Boolean).join('\n\n');
  await client.query(`comment on database ${name} is ${pg.escapeLiteral(comment)}`);
  return unkept;
}

interface Properties {
  self: string;
  owner: string;
  /** Below zero: none. */
  limit: number;
  comment: string | null;
  settings: { role: string | null; setting: string; value: string }[];
  rights: { grantee: string | null; right: string; grantable: boolean }[];
}

async function readProperties(client: DatabaseClient, database: string): Promise<Properties> {
  const { rows } = await client.query<Properties>(
    `select current_user as self, pg_get_userbyid(d.datdba) as owner, d.datconnlimit as limit,
            shobj_description(d.oid, 'pg_database') as comment,
            coalesce((select json_agg(json_build_object(
                        'role', r.rolname, 'setting', split_part(line, '=', 1), 'value', substr(line, strpos(line, '=') + 1)))
                        from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) line
                       where s.setdatabase = d.oid), '[]') as settings,
            (select json_agg(json_build_object(
                        'grantee', r.rolname, 'right', a.privilege_type, 'grantable', a.is_grantable))
               from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a left join pg_roles r on r.oid = a.grantee
              where a.grantee <> d.datdba) as rights
       from pg_database d where d.datname = $1`,
    [database],
  );
  const [found] = rows;
  if (!found) throw new Error(`there is no database ${database} any more`);
  return { ...found, rights: found.rights ?? [] };
}

/**
 * The swap itself. Nothing stops it between the two renames, and when the second one fails the first is undone.
 * @returns how many sessions were ended
 * @throws Error in words when the present database is in its place as before; whatever else is thrown is worth another
 *   try, which goes on from where this one came to
 */
export async function putInPlace(client: DatabaseClient, swap: Swap, kept: string): Promise<number> {
  const { present, restored } = swap;
  let ended = 0;
  if (await databaseIsThere(client, present)) {
    const reopened = () => reopen(client, present);
    await undoing(reopened, async () => {
      // No new sessions: an application comes back within milliseconds.
      await client.query(`alter database ${pg.escapeIdentifier(present)} allow_connections false`);
      ended += await withoutSessions(client, present, rename(present, kept));
    });
  }
  const putBack = async () => {
    if (await databaseIsThere(client, kept)) await client.query(rename(kept, present));
    await reopen(client, present);
  };
  await undoing(putBack, async () => {
    ended += await withoutSessions(client, restored, rename(restored, present));
  });
  await reopen(client, kept);
  return ended;
}

/** Lets sessions in again. What was there before may be looked into: nobody connects to its new name by accident. */
export async function reopen(client: DatabaseClient, name: string): Promise<void> {
  if (await databaseIsThere(client, name)) {
    await client.query(`alter database ${pg.escapeIdentifier(name)} allow_connections true`);
  }
}

export const dropRestored = (client: DatabaseClient, swap: Swap): Promise<number> =>
  dropDatabase(client, swap.restored);

const rename = (from: string, to: string) =>
  `alter database ${pg.escapeIdentifier(from)} rename to ${pg.escapeIdentifier(to)}`;

async function undoing(undo: () => Promise<void>, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // A connection that broke can undo nothing: the next attempt finishes what this one has begun.
    if (isLost(error)) throw error;
    await undo().catch((failure: Error) => {
      if (isLost(failure)) throw failure;
      throw new Error(`${(error as Error).message}; and what was done could not be undone: ${failure.message}`);
    });
    throw new Error(`${(error as Error).message}; the present database is in its place as before`);
  }
}

/** An answer of the server's, not its end. */
const saidByServer = (error: unknown): error is pg.DatabaseError => error instanceof pg.DatabaseError && !isLost(error);
