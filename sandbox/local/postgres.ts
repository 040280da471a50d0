import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { reason, SandboxError } from '../../src/local/errors.js';
import { type LocalService, lastLines, startService, waitFor } from '../../src/local/processes.js';
import { type Account, unprivilegedAccount } from './account.js';
import { externalFolder, reachableBy } from './external-folder.js';
import { copyServer, findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { ensureSecret } from './secrets.js';

/** A running PostgreSQL server on the loopback address. `passwordFile` holds the superuser's password and nothing else. */
export type PostgresServer = LocalService & {
  host: string;
  port: number;
  superuser: string;
  passwordFile: string;
  dataFolder: string;
  binaries: PostgresBinaries;
};

export type PostgresOptions = {
  /** The state folder: data in `postgres/` (or outside, when another account must own it), records in `services/`. */
  folder: string;
  port: number;
  /** The programs to run; without them, what {@link findPostgresBinaries} finds. */
  binaries?: PostgresBinaries;
  log?: (message: string) => void;
  signal?: AbortSignal;
};

const SUPERUSER = 'surefoot';
const HOST = '127.0.0.1';

/** Durability is off: the sandbox's data can be made again, and a checkpoint must not disturb what is measured. */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  deadlock_timeout: '200ms',
  max_connections: '200',
  shared_buffers: '64MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Starts PostgreSQL, making its data folder at the first start, and waits until it answers queries. For root it runs as
 * another account.
 * @throws SandboxError `postgres-start-failed` with the last lines of its log; those of {@link findPostgresBinaries}.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const account = await unprivilegedAccount();
  const found = options.binaries ?? (await findPostgresBinaries({ log: options.log, signal: options.signal }));
  const passwordFile = await ensureSecret(join(options.folder, 'secrets'), 'postgres-superuser-password');
  const place = account ? await placeFor(account, options.folder) : options.folder;
  const reachable = !account || (await reachableBy(found.postgres, account));
  const binaries = reachable ? found : await copyServer(found, await externalFolder(options.folder));
  const dataFolder = join(place, `postgres-${binaries.majorVersion}`);
  options.signal?.throwIfAborted();
  if (!(await stat(join(dataFolder, 'surefoot-ready')).catch(() => undefined))) {
    await initialise(binaries, { dataFolder, passwordFile, account });
  }
  const logFile = join(options.folder, 'logs', 'postgres.log');
  const service = await startService({
    name: 'postgres',
    file: binaries.postgres,
    args: [
      '-D',
      dataFolder,
      '-p',
      String(options.port),
      ...Object.entries(SETTINGS).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    cwd: '/',
    env: environment(),
    account,
    logFile,
    recordsFolder: join(options.folder, 'services'),
    // "Fast shutdown": SIGTERM would wait for every client to leave.
    stopSignal: 'SIGINT',
  });
  try {
    await ready(service, { port: options.port, passwordFile, signal: options.signal });
  } catch (error) {
    await service.stop();
    options.signal?.throwIfAborted();
    throw new SandboxError(
      'postgres-start-failed',
      `PostgreSQL did not start on ${HOST}:${options.port}: ${reason(error)}\n${await lastLines(logFile)}`,
      {
        hint: `Its whole log is ${logFile}. If its data is damaged, \`surefoot demo --reset\` starts afresh.`,
        cause: error,
      },
    );
  }
  return { ...service, host: HOST, port: options.port, superuser: SUPERUSER, passwordFile, dataFolder, binaries };
}

/** A folder that the account can reach: the state folder, or one outside it. */
async function placeFor(account: Account, home: string): Promise<string> {
  return (await reachableBy(home, account)) ? home : externalFolder(home);
}

async function initialise(
  binaries: PostgresBinaries,
  place: { dataFolder: string; passwordFile: string; account: Account | undefined },
): Promise<void> {
  const { dataFolder, account } = place;
  const passwordCopy = `${dataFolder}.password`;
  await rm(dataFolder, { recursive: true, force: true });
  await mkdir(dataFolder, { mode: 0o700 });
  await rm(passwordCopy, { force: true });
  await writeFile(passwordCopy, await readFile(place.passwordFile), { mode: 0o600, flag: 'wx' });
  if (account) {
    await chown(dataFolder, account.uid, account.gid);
    await chown(passwordCopy, account.uid, account.gid);
  }
  try {
    const how = [
      '--auth',
      'scram-sha-256',
      '--encoding',
      'UTF8',
      '--locale',
      'C',
      '--no-sync',
      '--username',
      SUPERUSER,
    ];
    await execa(binaries.initdb, [...how, '--pwfile', passwordCopy, '-D', dataFolder], {
      cwd: '/',
      env: environment(),
      extendEnv: false,
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
    });
  } catch (error) {
    throw new SandboxError('postgres-start-failed', `initdb in ${dataFolder} failed: ${reason(error)}`, {
      hint: 'Check that there is room on the disk and that the folder can be written.',
      cause: error,
    });
  } finally {
    await rm(passwordCopy, { force: true });
  }
  await writeFile(join(dataFolder, 'surefoot-ready'), '');
  await chmod(dataFolder, 0o700);
}

/** Neither our secrets nor a stray PGDATA or PGPORT reach the server; the locale has to exist for it. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

async function ready(
  service: LocalService,
  server: { port: number; passwordFile: string; signal?: AbortSignal },
): Promise<void> {
  let died = false;
  void service.exited.then(() => {
    died = true;
  });
  const hint = `See ${service.logFile}.`;
  await waitFor(
    'PostgreSQL answers',
    async () => {
      server.signal?.throwIfAborted();
      if (died) throw new SandboxError('service-died', 'the server ended', { hint });
      const client = new pg.Client(await connectionTo({ host: HOST, superuser: SUPERUSER, ...server }));
      try {
        await client.connect();
        await client.query('SELECT 1');
        return true;
      } catch {
        return false;
      } finally {
        await client.end().catch(() => {});
      }
    },
    { timeout: 60_000, hint },
  );
}

/** What a `pg` client needs to connect as the superuser. The password is read when asked for, and kept nowhere. */
export async function connectionTo(
  server: Pick<PostgresServer, 'host' | 'port' | 'superuser' | 'passwordFile'>,
  database = 'postgres',
): Promise<pg.ClientConfig> {
  const password = (await readFile(server.passwordFile, 'utf8')).trim();
  return {
    host: server.host,
    port: server.port,
    user: server.superuser,
    password,
    database,
    connectionTimeoutMillis: 5000,
  };
}
