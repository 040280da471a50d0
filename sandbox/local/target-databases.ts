import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { reason, SandboxError } from '../../src/local/errors.js';
import type { VirtualEnvironment } from '../../src/local/python.js';
import { connectionTo, type PostgresServer } from './postgres.js';
import { ENVIRONMENTS, type EnvironmentName, SPECIFICATIONS, STARTING_VERSION, targetLayout } from './target-layout.js';

type Context = {
  home: string;
  postgres: PostgresServer;
  venv: VirtualEnvironment;
  passwordFiles: Record<EnvironmentName, string>;
  log: (message: string) => void;
  signal?: AbortSignal;
};

/** Each environment's role has its database's name. */
export const roleOf = (name: EnvironmentName) => SPECIFICATIONS[name].database;

const templateOf = (name: EnvironmentName) => `${SPECIFICATIONS[name].database}_template`;

/** Roles, and for each environment a seeded database at the base revision to copy from; made once, then kept. */
export async function prepareTemplates(context: Context): Promise<void> {
  await asSuperuser(context, 'postgres', async (client) => {
    // The passwords must not show up in pg_stat_statements.
    await client.query("SET pg_stat_statements.track = 'none'");
    for (const name of ENVIRONMENTS) await prepareRole(client, name, context.passwordFiles[name]);
  });
  const digest = await sourcesDigest(targetLayout(context.home).sources);
  await Promise.all(
    ENVIRONMENTS.map((name) => prepareTemplate(context, name, `surefoot ${digest} ${SPECIFICATIONS[name].plans}`)),
  );
}

/** Both databases as they were seeded, whatever a deployment has done to them; ends every session in them. */
export async function restoreDatabases(context: Context): Promise<void> {
  await Promise.all(ENVIRONMENTS.map((name) => restoreDatabase(context, name)));
  await asSuperuser(context, SPECIFICATIONS.production.database, (client) =>
    client.query('SELECT pg_stat_statements_reset()'),
  );
}

async function restoreDatabase(context: Context, name: EnvironmentName): Promise<void> {
  const { database } = SPECIFICATIONS[name];
  await asSuperuser(context, 'postgres', async (client) => {
    // What a restore has left beside it goes as well.
    const left = await client.query<{ datname: string }>('SELECT datname FROM pg_database WHERE datname ~ $1', [
      `^${database}_(before_restore|restored)_`,
    ]);
    for (const { datname } of left.rows) await client.query(`DROP DATABASE ${datname} WITH (FORCE)`);
    await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${database} OWNER ${roleOf(name)} TEMPLATE ${templateOf(name)}`);
  });
  // A copy has the template's planner statistics, but none of what autovacuum and the index advisers count.
  await asSuperuser(context, database, (client) => client.query('ANALYZE'));
}

async function prepareRole(client: pg.Client, name: EnvironmentName, passwordFile: string): Promise<void> {
  const role = roleOf(name);
  const password = client.escapeLiteral((await readFile(passwordFile, 'utf8')).trim());
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  await client.query(`${rowCount ? 'ALTER' : 'CREATE'} ROLE ${role} LOGIN PASSWORD ${password}`);
  await client.query(`GRANT pg_read_all_stats, pg_monitor TO ${role}`);
  // Dumps are restored on trial as staging's user, and in the last resort as production's.
  await client.query(`ALTER ROLE ${role} CREATEDB`);
}

/** The comment on the template says what it was made from; it is written last, so that a half-made one is made again. */
async function prepareTemplate(context: Context, name: EnvironmentName, comment: string): Promise<void> {
  const template = templateOf(name);
  const made = await asSuperuser(context, 'postgres', async (client) => {
    const found = await client.query(
      "SELECT 1 FROM pg_database WHERE datname = $1 AND shobj_description(oid, 'pg_database') = $2",
      [template, comment],
    );
    if (found.rowCount) return true;
    await client.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${template} OWNER ${roleOf(name)}`);
    return false;
  });
  if (made) return;
  context.log(`seeding the ${name} database with ${SPECIFICATIONS[name].plans} plans (once)`);
  await asSuperuser(context, template, (client) => client.query('CREATE EXTENSION pg_stat_statements'));
  await migrateAndSeed(context, name);
  await asSuperuser(context, 'postgres', (client) =>
    client.query(`COMMENT ON DATABASE ${template} IS ${client.escapeLiteral(comment)}`),
  );
}

async function migrateAndSeed(context: Context, name: EnvironmentName): Promise<void> {
  const layout = targetLayout(context.home);
  const scratch = await mkdtemp(join(context.home, '.seeding-'));
  const { host, port } = context.postgres;
  const url = `postgresql://${roleOf(name)}@${host}:${port}/${templateOf(name)}`;
  // libpq takes the password from the environment: neither a command line nor a file of ours has it.
  const env = {
    PGPASSWORD: (await readFile(context.passwordFiles[name], 'utf8')).trim(),
    SANDBOX_ENVIRONMENT_DIR: scratch,
    PYTHONDONTWRITEBYTECODE: '1',
  };
  try {
    await writeFile(join(scratch, '.env'), `ENVIRONMENT=${name}\nDATABASE_URL=${url}\n`, { mode: 0o600 });
    const release = join(scratch, 'release');
    await execa(
      'git',
      ['clone', '--quiet', '--depth', '1', '--branch', STARTING_VERSION, `file://${layout.repository}`, release],
      {
        cancelSignal: context.signal,
      },
    );
    await execa(context.venv.python, ['-m', 'alembic', 'upgrade', 'head'], {
      cwd: join(release, 'backend'),
      env,
      cancelSignal: context.signal,
    });
    const seed = [
      join(layout.sources, 'seed.py'),
      '--database-url',
      url,
      '--plans',
      String(SPECIFICATIONS[name].plans),
    ];
    await execa(context.venv.python, seed, { env, cancelSignal: context.signal });
  } catch (error) {
    throw new SandboxError('target-failed', `seeding the ${name} database failed: ${reason(error)}`, {
      hint: 'If sandbox/target was changed, run its tests; otherwise `surefoot demo --reset` starts afresh.',
      cause: error,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Changes when the seed, the base schema or the month do (plans are seeded relative to today, and must stay overdue). */
async function sourcesDigest(sources: string): Promise<string> {
  const versions = join(sources, 'releases', 'base', 'backend', 'alembic', 'versions');
  const migrations = (await readdir(versions)).filter((name) => name.endsWith('.py')).sort();
  const hash = createHash('sha256').update(new Date().toISOString().slice(0, 7));
  for (const path of [join(sources, 'seed.py'), ...migrations.map((name) => join(versions, name))]) {
    hash.update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 16);
}

async function asSuperuser<T>(
  context: Pick<Context, 'postgres'>,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(await connectionTo(context.postgres, database));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
