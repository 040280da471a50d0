import { mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { connectionTo, type PostgresServer, startPostgres } from '../../sandbox/local/postgres.js';
import { openState, resetState } from '../../sandbox/local/state.js';
import { choosePorts } from '../../src/local/ports.js';
import { scratchFolder } from './scratch-folders.js';

afterEach(() => vi.unstubAllEnvs());

async function start(folder: string): Promise<PostgresServer> {
  const { postgres: port } = await choosePorts(folder, ['postgres']);
  const server = await startPostgres({ folder, port });
  onTestFinished(() => server.stop());
  return server;
}

async function query(server: PostgresServer, sql: string): Promise<unknown[]> {
  const client = new pg.Client(await connectionTo(server));
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function dumpAndRead(server: PostgresServer, folder: string): Promise<string> {
  const { password } = await connectionTo(server);
  const file = join(folder, 'dump');
  const where = ['-h', server.host, '-p', String(server.port), '-U', server.superuser];
  const env = { PGPASSWORD: String(password) };
  await execa(server.binaries.pgDump, [...where, '-Fc', '-f', file, 'postgres'], { env });
  await execa(server.binaries.psql, [...where, '-c', 'SELECT 1', 'postgres'], { env });
  return (await execa(server.binaries.pgRestore, ['-f', '-', file])).stdout;
}

test('the server starts with pg_stat_statements, on the loopback address only, and wants a password', async () => {
  const server = await start(await scratchFolder());
  expect(await query(server, 'SHOW shared_preload_libraries')).toEqual([
    { shared_preload_libraries: 'pg_stat_statements' },
  ]);
  expect(await query(server, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  await query(server, 'CREATE EXTENSION pg_stat_statements');
  const stranger = new pg.Client({ ...(await connectionTo(server)), password: 'wrong' });
  await expect(stranger.connect()).rejects.toThrow('password authentication failed');
  expect((await stat(server.passwordFile)).mode & 0o777).toBe(0o600);
}, 60_000);

test('the packaged PostgreSQL starts, and its pg_dump and pg_restore work', async () => {
  vi.stubEnv('SUREFOOT_POSTGRES', 'packages');
  const folder = await scratchFolder();
  const server = await start(folder);
  expect(server.binaries.source).toBe('packages');
  await query(server, 'CREATE EXTENSION pg_stat_statements');
  await query(server, "CREATE TABLE proof AS SELECT 'it is here' AS words");
  expect(await dumpAndRead(server, folder)).toContain('it is here');
}, 180_000);

test('data is still there after the server was killed and started again', async () => {
  const folder = await scratchFolder();
  const first = await start(folder);
  await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await query(first, 'CHECKPOINT');
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  const second = await start(folder);
  expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
}, 60_000);

test('a state folder that the account of the server cannot reach is no obstacle, and a reset leaves nothing behind', async () => {
  const folder = join(await scratchFolder(), 'closed', 'home');
  await mkdir(join(folder, '..'), { mode: 0o700 });
  const state = await openState(folder);
  const server = await start(folder);
  expect(await query(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await server.stop();
  await state.close();
  await resetState(folder);
  await expect(stat(server.dataFolder)).rejects.toMatchObject({ code: 'ENOENT' });
}, 60_000);

test('programs in a cache that the account of the server cannot reach are no obstacle', async () => {
  vi.stubEnv('SUREFOOT_POSTGRES', 'packages');
  const open = process.env.SUREFOOT_CACHE ?? join(homedir(), '.cache', 'surefoot');
  const closed = join(await scratchFolder(), 'cache');
  await mkdir(closed, { mode: 0o700 });
  // What was fetched before serves here too; otherwise it is fetched once more.
  await execa('cp', ['-R', join(open, 'postgresql-18.4'), closed], { reject: false });
  vi.stubEnv('SUREFOOT_CACHE', closed);
  const server = await start(await scratchFolder());
  expect(await query(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
}, 180_000);
