import { execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { vi } from 'vitest';
import type { Database } from '../../src/contract/plan.js';
import { deadPort } from './server.js';

const run = promisify(execFile);

/** A real server with a data folder of its own, as an ordinary user when this process is root. */
export interface TestDatabase {
  database: Database;
  /** A new connection as the owner; ended with the server. */
  connect: () => Promise<pg.Client>;
  stop: () => Promise<void>;
}

/** @throws Error when no PostgreSQL server is installed */
export async function startPostgres(): Promise<TestDatabase> {
  const binaries = await findBinaries();
  const folder = await mkdtemp(join(tmpdir(), 'surefoot-postgres-'));
  const port = await deadPort();
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  if (account.uid) await chown(folder, account.uid, account.gid);
  const data = join(folder, 'data');
  // -N: a test's cluster need not survive a power cut.
  await run(join(binaries, 'initdb'), ['-D', data, '-U', 'owner', '-A', 'trust', '-N'], { ...account, cwd: folder });
  const settings = {
    port,
    unix_socket_directories: folder,
    shared_preload_libraries: 'pg_stat_statements',
    fsync: 'off',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(binaries, 'postgres'), ['-D', data, ...options], {
    ...account,
    cwd: folder,
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const clients: pg.Client[] = [];
  const connect = async () => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'owner', database: 'postgres' });
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  };
  await vi.waitFor(async () => (await connect()).query('SELECT 1'), { timeout: 20_000, interval: 100 });
  process.env.TEST_DATABASE_PASSWORD = 'any';
  return {
    database: { host: '127.0.0.1', port, name: 'postgres', user: 'owner', password: 'env:TEST_DATABASE_PASSWORD' },
    connect,
    stop: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
      // SIGINT is PostgreSQL's fast shutdown.
      server.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function findBinaries(): Promise<string> {
  const debian = '/usr/lib/postgresql';
  const versions = (await readdir(debian).catch(() => [])).sort((a, b) => Number(b) - Number(a));
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  for (const folder of folders) {
    const files = await readdir(folder).catch((): string[] => []);
    if (files.includes('initdb') && files.includes('postgres')) return folder;
  }
  throw new Error('no PostgreSQL server (initdb, postgres) in /usr/lib/postgresql or on PATH');
}
