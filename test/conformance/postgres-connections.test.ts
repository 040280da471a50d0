/** Connections to PostgreSQL, and the programs that dump and restore, put through every situation. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withSnapshot } from '../../src/adapters/backup/database-snapshot.js';
import { type DumpTools, dumpDatabase, findDumpTools, readDump } from '../../src/adapters/backup/dump.js';
import { listDump } from '../../src/adapters/backup/dump-contents.js';
import { readRestored, runRestore } from '../../src/adapters/backup/pg-restore.js';
import { isOfTheServer } from '../../src/adapters/backup/restore-failures.js';
import { PostgresReader } from '../../src/adapters/metrics/postgres-metrics.js';
import { storedRevisions } from '../../src/adapters/migration/revision-table.js';
import { withDatabase } from '../../src/adapters/postgres/postgres.js';
import { countRowsOf } from '../../src/adapters/postgres/row-counts.js';
import type { Database } from '../../src/contract/plan/environment.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { runTool } from '../helpers/run-tool.js';
import { type Answer, answerOf, conforms } from './reader.js';

vi.setConfig({ hookTimeout: 120_000 });

const SECRET = 'row-that-nobody-may-see';
const folder = mkdtempSync(join(tmpdir(), 'surefoot-conformance-'));
const signal = new AbortController().signal;

let server: TestServer;
let database: Database;
let empty: Database;
let hidden: Database;
let silent: Server;
let talkative: Server;
let endless: Server;
const sockets = new Set<Socket>();

beforeAll(async () => {
  server = await startTestServer();
  database = await server.create('app');
  empty = await server.create('empty');
  await server.query(
    database,
    `create table plans (id int primary key, note text); insert into plans values (1, '${SECRET}');
     create table alembic_version (version_num text); insert into alembic_version values ('1f0');
     create function fails() returns int language plpgsql as $$ begin raise '${SECRET}'; end $$;
     create view broken as select fails() as id;
     create view wide as select repeat('x', 1000) as id from generate_series(1, 100000);
     create role stranger login password 'stranger-password'`,
  );
  const password = join(folder, 'password');
  writeFileSync(password, 'stranger-password');
  hidden = { ...database, user: 'stranger', password: `file:${password}` };
  silent = await listen(() => undefined);
  talkative = await listen((socket) => socket.on('data', () => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  endless = await listen((socket) => {
    // A notice that says it has two thousand million bytes, and sends them.
    const pour = () => {
      while (socket.writable && socket.write(Buffer.alloc(65_536, 120)));
    };
    socket.once('data', () => {
      socket.write(Buffer.from([78, 0x7f, 0xff, 0xff, 0xff]));
      socket.on('drain', pour);
      pour();
    });
  });
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const one of [silent, talkative, endless]) one.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function listen(serve: (socket: Socket) => void): Promise<Server> {
  const one = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  return new Promise((resolve) => one.listen(0, '127.0.0.1', () => resolve(one)));
}

const at = (one: Server): Database => ({ ...database, port: (one.address() as AddressInfo).port });
const count = (of: Database, table = 'plans', limit = 120_000) =>
  answerOf(() => withDatabase(of, (client) => countRowsOf(client, table), { connectWithin: 1_000, limit }));

conforms(
  'adapters/postgres/postgres.ts',
  {
    value: () => count(database),
    none: async () => {
      const table = { name: 'revisions', revisions: (name: string) => `select revision from ${name}` };
      const revisions = await withDatabase(empty, (client) => storedRevisions(client, table));
      return revisions === null ? { none: 'there is no such table' } : { known: revisions };
    },
    hidden: () => count(hidden),
    partial: { impossible: 'the protocol tells the end of an answer: one that is cut is a lost connection' },
    error: () => count(database, 'broken'),
    hang: () => count(at(silent)),
    nonsense: () => count(at(talkative)),
    huge: () => count(at(endless)),
  },
  { secrets: [SECRET, 'stranger-password'] },
);

const reader = new PostgresReader();
afterAll(() => reader.close());

async function lostRows(of: Database, table: string, before: Record<string, number>): Promise<Answer> {
  const source = { kind: 'postgres', database: of, window: 60_000, read: { lostRows: { table } } } as const;
  try {
    const reading = await reader.read({ source, unit: '' }, { clock: 'virtual', signal, baselines: before });
    return 'noData' in reading ? { unknown: reading.noData } : { known: reading.value };
  } catch (error) {
    return { unknown: (error as Error).message };
  }
}

conforms(
  'adapters/metrics/postgres-metrics.ts (lost rows)',
  {
    value: () => lostRows(database, 'plans', { plans: 1 }),
    none: () => lostRows(database, 'plans', {}),
    hidden: () => lostRows(hidden, 'plans', { plans: 1 }),
    partial: { impossible: 'one number, or none' },
    error: () => lostRows(database, 'broken', { broken: 1 }),
    hang: () => lostRows(at(silent), 'plans', { plans: 1 }),
    nonsense: () => lostRows(at(talkative), 'plans', { plans: 1 }),
    huge: () => lostRows(database, 'wide', { wide: 1 }),
  },
  { secrets: [SECRET, 'stranger-password'] },
);

const tools = () => findDumpTools(13, []);
const dump = (of: Database, file: string, using?: DumpTools) =>
  answerOf(() =>
    withSnapshot(of, { signal, limit: 0 }, async ({ id }) => {
      await dumpDatabase(using ?? (await tools()), { database: of, snapshot: id, file, run: runTool });
      return 'dumped';
    }),
  );

/** Programs in place of PostgreSQL's. */
function pretending(words: string): DumpTools {
  const file = join(folder, `tool-${Math.random()}`);
  writeFileSync(file, `#!/bin/sh\n${words}\n`, { mode: 0o755 });
  return { pgDump: file, pgRestore: file, version: 'pretended' };
}

conforms(
  'adapters/backup/dump.ts',
  {
    value: () => dump(database, join(folder, 'value.dump')),
    none: async () => {
      const { readable, text } = await readDump(await tools(), join(folder, 'nothing.dump'), runTool);
      return readable ? { known: text } : { unknown: text };
    },
    hidden: () => dump(hidden, join(folder, 'hidden.dump')),
    partial: async () => {
      const file = join(folder, 'partial.dump');
      await dump(database, file);
      await truncate(file, Math.floor((await readFile(file)).length * 0.6));
      const { readable, text } = await readDump(await tools(), file, runTool);
      return readable ? { known: text } : { unknown: text };
    },
    error: () =>
      dump(
        database,
        join(folder, 'error.dump'),
        pretending(
          `echo "pg_dump: error: query failed: ERROR:  no" >&2; echo "DETAIL:  Key (id)=(${SECRET})" >&2; exit 1`,
        ),
      ),
    hang: { impossible: 'a dump takes as long as it takes: the activity’s own limit and its cancellation end it' },
    nonsense: async () => {
      const file = join(folder, 'nonsense.dump');
      writeFileSync(file, `no dump, but ${SECRET}`);
      const { readable, text } = await readDump(await tools(), file, runTool);
      return readable ? { known: text } : { unknown: text };
    },
    huge: () =>
      dump(database, join(folder, 'huge.dump'), pretending('yes "pg_dump: error: no" | head -c 50000000 >&2; exit 1')),
  },
  { secrets: [SECRET, 'stranger-password'] },
);

async function list(file: string, using?: DumpTools): Promise<Answer> {
  const found = await listDump(using ?? (await tools()), file, signal);
  return 'wrong' in found ? { unknown: found.wrong } : { known: found.entries };
}

conforms(
  'adapters/backup/dump-contents.ts',
  {
    value: async () => {
      await dump(database, join(folder, 'listed.dump'));
      return list(join(folder, 'listed.dump'));
    },
    none: () => list(join(folder, 'nowhere.dump')),
    hidden: { impossible: 'a file can be read or not' },
    partial: async () => {
      writeFileSync(join(folder, 'cut.dump'), 'PGDMP');
      return list(join(folder, 'cut.dump'));
    },
    error: () => list('', pretending(`echo "pg_restore: error: no" >&2; exit 1`)),
    hang: { impossible: 'a file is read: the activity’s own limit and its cancellation end it' },
    nonsense: async () => {
      writeFileSync(join(folder, 'words.dump'), SECRET);
      return list(join(folder, 'words.dump'));
    },
    huge: () => list('', pretending('yes "; line" | head -c 36000000')),
  },
  { secrets: [SECRET] },
);

/** Restores into a database of its own. @param as who restores; the server's own user without it */
async function restore(
  file: string,
  { using, as }: { using?: DumpTools; as?: Partial<Database> } = {},
): Promise<Answer> {
  restores += 1;
  const into = { ...(await server.create(`restored${restores}`)), ...as };
  const listed = await listDump(await tools(), join(folder, 'value.dump'), signal);
  if ('wrong' in listed) throw new Error(listed.wrong);
  const what = { database: into, file, list: listed, words: [], table: undefined, mayFail: isOfTheServer };
  return answerOf(async () => {
    const ended = await runRestore(using ?? (await tools()), what, runTool);
    const { inventory, without } = await readRestored({ ...what, limit: 0, signal }, ended);
    if (without.length > 0) throw new Error(`not restored: ${without.map(({ text }) => text).join('; ')}`);
    return inventory.rows;
  });
}
let restores = 0;

conforms(
  'adapters/backup/pg-restore.ts',
  {
    value: () => restore(join(folder, 'value.dump')),
    none: () => restore(join(folder, 'nowhere.dump')),
    hidden: () => restore(join(folder, 'value.dump'), { as: { user: hidden.user, password: hidden.password } }),
    partial: async () => {
      const whole = await readFile(join(folder, 'value.dump'));
      await writeFile(join(folder, 'cut-restore.dump'), whole.subarray(0, Math.floor(whole.length * 0.6)));
      return restore(join(folder, 'cut-restore.dump'));
    },
    error: () =>
      restore('', {
        using: pretending(
          `echo "pg_restore: error: could not execute query: ERROR:  no" >&2; echo "Command was: x '${SECRET}'" >&2; exit 1`,
        ),
      }),
    hang: { impossible: 'a restore takes as long as it takes: the activity’s own limit and its cancellation end it' },
    nonsense: () => restore('', { using: pretending(`echo "what ${SECRET}?" | cut -c1-5 >&2; exit 7`) }),
    huge: () => restore('', { using: pretending('yes "pg_restore: error: no" | head -c 20000000 >&2; exit 1') }),
  },
  { secrets: [SECRET, 'stranger-password'] },
);

test('a restore that ends in the middle has failed, though all that it told of may be missing', async () => {
  const file = join(folder, 'ended.dump');
  await dump(database, file);
  const listed = await listDump(await tools(), file, signal);
  const number = 'entries' in listed && listed.entries[0]?.number;
  const using = pretending(`cat >&2 <<'END'
pg_restore: from TOC entry ${number}; 1259 1 TABLE plans owner
pg_restore: error: could not execute query: ERROR:  permission denied for schema public
pg_restore: error: could not read from input file: end of file
END
exit 1`);
  expect(await restore(file, { using })).toEqual({
    unknown: expect.stringMatching(/^pg_restore failed: .*end of file/),
  });
});
