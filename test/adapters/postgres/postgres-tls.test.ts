/** TLS as libpq has it, held against real servers and beside libpq's own psql, which must decide the same. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { withSnapshot } from '../../../src/adapters/backup/database-snapshot.js';
import { connectionVariables, dumpDatabase, findDumpTools } from '../../../src/adapters/backup/dump.js';
import { commandLine } from '../../../src/adapters/commands/command-line.js';
import { readSecret } from '../../../src/adapters/evidence/secrets.js';
import { PostgresReader } from '../../../src/adapters/metrics/postgres-metrics.js';
import { withDatabase } from '../../../src/adapters/postgres/postgres.js';
import { tlsSettings, waysToConnect } from '../../../src/adapters/postgres/postgres-tls.js';
import { type Database, type DatabaseTls, TLS_MODES } from '../../../src/contract/plan/environment.js';
import { startTestServer, type TestServer } from '../../activities/postgres-server.js';
import { commandWith, environmentWith } from '../../activities/support.js';
import { makeAuthority, type TestAuthority } from '../../helpers/certificates.js';
import { runTool } from '../../helpers/run-tool.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let authority: TestAuthority;
let stranger: TestAuthority;
const servers: Record<'plain' | 'only' | 'other' | 'client', { server: TestServer; database: Database }> = {} as never;
const client: DatabaseTls = {};
const home = mkdtempSync(join(tmpdir(), 'surefoot-home-'));

/** The whole of 127.0.0.1, with a password. */
const hostssl = (more = '') => `hostssl all all 127.0.0.1/32 scram-sha-256 ${more}\n`;

beforeAll(async () => {
  authority = makeAuthority();
  stranger = makeAuthority();
  const right = authority.issue(['localhost', '127.0.0.1']);
  const wrong = authority.issue(['db.example.com']);
  const own = authority.issue(['surefoot']);
  Object.assign(client, { certificate: own.certificate, key: own.key });
  const start = async (name: keyof typeof servers) => {
    const server = await startTestServer();
    servers[name] = { server, database: await server.create('app') };
    return server;
  };
  await start('plain');
  if ((await wayOfPsql(at('plain', { mode: 'require' }))).includes('SSL support is not compiled in')) {
    throw new Error('the psql of this PostgreSQL speaks no TLS: apt-get install postgresql');
  }
  await (await start('only')).offerTls({ ...right, root: authority.root }, hostssl());
  await (await start('other')).offerTls({ ...wrong, root: authority.root }, hostssl());
  await (await start('client')).offerTls({ ...right, root: authority.root }, hostssl('clientcert=verify-full'));
  // Nothing of whoever runs the tests.
  vi.stubEnv('HOME', home);
}, 240_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all(Object.values(servers).map(({ server }) => server.stop()));
  authority.remove();
  stranger.remove();
  rmSync(home, { recursive: true, force: true });
});

type Name = keyof typeof servers;
const at = (name: Name, tls?: DatabaseTls): Database => ({ ...servers[name].database, ...(tls && { tls }) });

/** `tls`, `plain` or why not. */
async function way(database: Database): Promise<string> {
  const text = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
  try {
    const { rows } = await withDatabase(database, (connection) => connection.query<{ ssl: boolean }>(text));
    return rows[0]?.ssl ? 'tls' : 'plain';
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  }
}

/** The same by psql, with the variables that Surefoot gives to libpq's programs. */
async function wayOfPsql(database: Database): Promise<string> {
  const env = await connectionVariables(database, await readSecret(database.password));
  const text = "select case when ssl then 'tls' else 'plain' end from pg_stat_ssl where pid = pg_backend_pid()";
  const run = await execa('psql', ['-X', '-A', '-t', '-q', '-w', '-c', text], { env, reject: false });
  return run.failed ? `refused: ${run.stderr}` : run.stdout;
}

const short = (answer: string) => answer.replace(/:.*/s, '');

describe.each(TLS_MODES)('sslmode=%s', (mode) => {
  const root = () => (mode.startsWith('verify-') ? { rootCertificate: authority.root } : {});
  test.each([
    [
      'plain',
      {
        disable: 'plain',
        allow: 'plain',
        prefer: 'plain',
        require: 'refused',
        'verify-ca': 'refused',
        'verify-full': 'refused',
      },
    ],
    [
      'only',
      { disable: 'refused', allow: 'tls', prefer: 'tls', require: 'tls', 'verify-ca': 'tls', 'verify-full': 'tls' },
    ],
    [
      'other',
      { disable: 'refused', allow: 'tls', prefer: 'tls', require: 'tls', 'verify-ca': 'tls', 'verify-full': 'refused' },
    ],
    [
      'client',
      {
        disable: 'refused',
        allow: 'refused',
        prefer: 'refused',
        require: 'refused',
        'verify-ca': 'refused',
        'verify-full': 'refused',
      },
    ],
  ] as const)('at the server "%s" is as libpq decides', async (name, expected) => {
    const database = at(name, { mode, ...root() });
    expect(short(await way(database))).toBe(expected[mode]);
    expect(short(await wayOfPsql(database))).toBe(expected[mode]);
  });

  test('a client certificate lets in where one is asked for', async () => {
    const database = at('client', { mode, ...root(), ...client });
    const expected = mode === 'disable' ? 'refused' : 'tls';
    expect(short(await way(database))).toBe(expected);
    expect(short(await wayOfPsql(database))).toBe(expected);
  });

  test('an authority that did not issue the certificate is no authority', async () => {
    const database = at('only', { mode, rootCertificate: stranger.root });
    expect(short(await way(database))).toBe('refused');
    expect(short(await wayOfPsql(database))).toBe('refused');
  });
});

test('without a word TLS is preferred, and done without where the server has none', async () => {
  expect(await way(at('only'))).toBe('tls');
  expect(await way(at('plain'))).toBe('plain');
});

test("PGSSLMODE and the files of the worker's environment count where the plan says nothing", async () => {
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('HOME', home);
  vi.stubEnv('PGSSLMODE', 'verify-full');
  expect(await way(at('only'))).toMatch(/sslmode=verify-full needs a root certificate: name it by sslrootcert/);
  vi.stubEnv('PGSSLROOTCERT', authority.root);
  expect(await way(at('only'))).toBe('tls');
  expect(await way(at('other'))).toMatch(/refused: Database app on 127.0.0.1:\d+: Hostname\/IP does not match/);
  expect(await way(at('plain', { mode: 'disable' }))).toBe('plain');
  vi.stubEnv('PGSSLMODE', 'perhaps');
  expect(await way(at('only'))).toContain('PGSSLMODE of the worker is "perhaps"; it has disable, allow');
});

test('a certificate that is named and not there is said so, and nobody is connected to', async () => {
  const missing = at('plain', { mode: 'prefer', rootCertificate: '/nowhere/root.crt' });
  expect(await way(missing)).toBe(
    'refused: the root certificate /nowhere/root.crt cannot be read by the worker (ENOENT)',
  );
});

test('metrics, pg_dump and the commands on this machine go the same way', async () => {
  const database = at('client', { mode: 'verify-full', rootCertificate: authority.root, ...client });
  const reader = new PostgresReader();
  onTestFinished(() => reader.close());
  const look = { clock: 'virtual', signal: new AbortController().signal, baselines: {} } as const;
  const source = { kind: 'postgres', database, window: 60_000, read: { blocked: { longerThan: 1 } } } as const;
  expect(await reader.read({ source, unit: '' }, look)).toEqual({ value: 0 });

  // What the worker's environment has for others leads pg_dump nowhere else.
  onTestFinished(() => void vi.unstubAllEnvs());
  const others = { HOME: home, PGHOSTADDR: '192.0.2.1', PGSERVICE: 'others', PGOPTIONS: '-c nonsense=1' };
  for (const [name, value] of Object.entries(others)) vi.stubEnv(name, value);
  const file = join(home, 'app.dump');
  const { signal } = new AbortController();
  await withSnapshot(database, { signal, limit: 0 }, async ({ id, version }) =>
    dumpDatabase(await findDumpTools(version, []), { database, snapshot: id, file, run: runTool }),
  );

  const environment = environmentWith({ database });
  const command = commandWith(['alembic', 'current']);
  const variables = {
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: authority.root,
    PGSSLCERT: client.certificate,
    PGSSLKEY: client.key,
  };
  expect(commandLine({ environment, command, values: {} }).environment).toMatchObject(variables);
  // Its files are on another machine.
  const remote = { ...environment, server: { kind: 'ssh', host: 'app' } } as const;
  const { argv } = commandLine({ environment: remote, command: { ...command, on: 'server' }, values: {} });
  expect(argv.at(-1)).toContain("'PGSSLMODE=verify-full'");
  expect(argv.at(-1)).not.toContain('PGSSLKEY');
});

test('only allow and prefer have a second way', () => {
  expect(Object.fromEntries(TLS_MODES.map((mode) => [mode, waysToConnect(mode).join(', ')]))).toEqual({
    disable: 'plain',
    allow: 'plain, tls',
    prefer: 'tls, plain',
    require: 'tls',
    'verify-ca': 'tls',
    'verify-full': 'tls',
  });
  expect(tlsSettings({ host: '127.0.0.1', tls: { mode: 'require' } }, { PGSSLMODE: 'disable' }).mode).toBe('require');
  expect(tlsSettings({ host: '127.0.0.1' }, { PGSSLMODE: '' }).mode).toBe('prefer');
  expect(tlsSettings({ host: 'db.example.com' }, {}).mode).toBe('verify-full');
});

test('a wrong password is not tried a second time without TLS', async () => {
  const password = join(home, 'wrong');
  writeFileSync(password, 'wrong-password');
  const log = join(servers.plain.server.folder, 'logs', 'postgres.log');
  const failures = () => readFileSync(log, 'utf8').split('password authentication failed').length - 1;
  const before = failures();
  // Over TLS, which this server does offer for the moment.
  const { server } = servers.plain;
  const certificate = authority.issue(['localhost']);
  await server.offerTls({ ...certificate, root: authority.root }, 'host all all 127.0.0.1/32 scram-sha-256\n');
  expect(await way(at('plain'))).toBe('tls');
  expect(await way({ ...at('plain'), password: `file:${password}` })).toMatch(/password authentication failed/);
  await vi.waitFor(() => expect(failures()).toBe(before + 1));
});
