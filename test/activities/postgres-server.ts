import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import pg from 'pg';
import { unprivilegedAccount } from '../../sandbox/local/account.js';
import { removeExternalFolder } from '../../sandbox/local/external-folder.js';
import { connectionTo, startPostgres } from '../../sandbox/local/postgres.js';
import { findPostgresBinaries } from '../../sandbox/local/postgres-binaries.js';
import type { Database } from '../../src/contract/plan/environment.js';
import { unusedPort } from '../../src/local/ports.js';
import { binariesOf, type Version } from '../helpers/postgres-versions.js';

export interface TestServer {
  folder: string;
  connection: pg.ClientConfig;
  /** Makes an empty database. */
  create(name: string): Promise<Database>;
  query(database: Database, sql: string): Promise<pg.QueryResult>;
  /** The same database as a new role, with these rights or attributes and no others. */
  asRole(database: Database, name: string, rights?: string): Promise<Database>;
  /** Offers TLS from now on. @param access the lines of pg_hba.conf: who may come in which way */
  offerTls(certificate: { certificate: string; key: string; root: string }, access: string): Promise<void>;
  /** Ends every connection, and is there again at the same port with the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A real PostgreSQL for one test file: the machine's, or one of a certain major version. */
export async function startTestServer({ version }: { version?: Version } = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'surefoot-postgres-'));
  const binaries = version === undefined ? await findPostgresBinaries() : await binariesOf(version);
  const options = { folder, port: await unusedPort(), binaries };
  let server = await startPostgres(options);
  // The clients that fit this server, for pg_dump and for psql in scripts, wherever they come from.
  const programs = dirname(server.binaries.pgDump);
  process.env.SUREFOOT_PG_BIN = programs;
  process.env.PATH = [programs, process.env.PATH].join(delimiter);
  const connection = await connectionTo(server);
  const query = async (database: string, sql: string) => {
    const client = new pg.Client({ ...connection, database });
    await client.connect();
    try {
      return await client.query(sql);
    } finally {
      await client.end();
    }
  };
  return {
    folder,
    connection,
    create: async (name) => {
      await query('postgres', `create database ${pg.escapeIdentifier(name)}`);
      const { host, port, superuser: user } = server;
      return { host, port, name, user, password: `file:${server.passwordFile}` };
    },
    query: (database, sql) => query(database.name, sql),
    asRole: async (database, name, rights = '') => {
      const password = `password of ${name}`;
      await query(database.name, `create role ${name} login ${rights} password '${password}'`);
      const file = join(folder, `${name}.password`);
      await writeFile(file, password, { mode: 0o600 });
      return { ...database, user: name, password: `file:${file}` };
    },
    offerTls: async ({ certificate, key, root }, access) => {
      const account = await unprivilegedAccount();
      const put = async (name: string, content: string) => {
        const file = join(server.dataFolder, name);
        await writeFile(file, content, { mode: 0o600 });
        if (account) await chown(file, account.uid, account.gid);
      };
      await put('server.crt', await readFile(certificate, 'utf8'));
      await put('server.key', await readFile(key, 'utf8'));
      await put('root.crt', await readFile(root, 'utf8'));
      await put('pg_hba.conf', access);
      await query('postgres', `alter system set ssl_ca_file = 'root.crt'`);
      await query('postgres', 'alter system set ssl = on');
      await query('postgres', 'select pg_reload_conf()');
    },
    restart: async () => {
      await server.stop();
      server = await startPostgres(options);
    },
    stop: async () => {
      await server.stop();
      await removeExternalFolder(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
