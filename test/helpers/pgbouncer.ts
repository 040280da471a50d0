/** Debian's PgBouncer in front of a test's PostgreSQL. */
import { spawn } from 'node:child_process';
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { unprivilegedAccount } from '../../sandbox/local/account.js';
import type { Database } from '../../src/contract/plan/environment.js';
import { unusedPort } from '../../src/local/ports.js';
import { programOf } from './programs.js';

export interface TestPooler {
  port: number;
  /** The same database by way of the pooler. */
  through(database: Database): Database;
  stop(): Promise<void>;
}

/** @throws Error when PgBouncer is not installed */
export async function startPgbouncer(
  to: Database,
  settings: { pool_mode: 'session' | 'transaction' | 'statement' } & Record<string, string | number>,
): Promise<TestPooler> {
  const program = programOf('pgbouncer');
  // It refuses to run as root.
  const account = await unprivilegedAccount();
  const folder = await mkdtemp(join(tmpdir(), 'surefoot-pgbouncer-'));
  const port = await unusedPort();
  const password = (await readFile(to.password.replace(/^file:/, ''), 'utf8')).trim();
  const file = (name: string) => join(folder, name);
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_file: file('users'),
    ...settings,
  };
  const lines = Object.entries({ auth_type: 'scram-sha-256', ...all }).map(([key, value]) => `${key} = ${value}`);
  await writeFile(file('users'), `"${to.user}" "${password}"\n`);
  await writeFile(file('ini'), `[databases]\n* = host=${to.host} port=${to.port}\n[pgbouncer]\n${lines.join('\n')}\n`);
  if (account) for (const path of [folder, file('users'), file('ini')]) await chown(path, account.uid, account.gid);
  const log: string[] = [];
  const own = account ? { uid: account.uid, gid: account.gid } : {};
  const bouncer = spawn(program, [file('ini')], { ...own, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  bouncer.stderr.on('data', (chunk) => log.push(String(chunk)));
  const ended = new Promise((resolve) => bouncer.once('exit', resolve));
  const through = (database: Database) => ({ ...database, port });
  const stop = async () => {
    bouncer.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  for (let look = 0; look < 200; look++) {
    const client = new pg.Client({ host: '127.0.0.1', port, database: to.name, user: to.user, password });
    client.on('error', () => undefined);
    const answers = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (answers) return { port, through, stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`PgBouncer does not come up:\n${log.join('').slice(-2_000)}`);
}
