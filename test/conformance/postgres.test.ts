/** Everything that reads PostgreSQL's tables and catalogues, on a real server. */
import { type AddressInfo, createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { describeSchema } from '../../src/adapters/migration/schema-fingerprint.js';
import { takeStock } from '../../src/adapters/migration/table-stock.js';
import {
  readIndexes,
  readIndexUse,
  readLeftovers,
  readLocks,
  slowStatements,
} from '../../src/adapters/postgres/catalogue.js';
import { type DatabaseClient, withDatabase } from '../../src/adapters/postgres/postgres.js';
import { explainQuery } from '../../src/adapters/postgres/query-plans.js';
import { countRowsOf } from '../../src/adapters/postgres/row-counts.js';
import { findStatements, inWords } from '../../src/adapters/postgres/statement-statistics.js';
import type { Database } from '../../src/contract/plan/environment.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { secret } from '../adapters/metrics/range-queries.js';
import { serve } from '../helpers/server.js';
import { metricSourceConforms } from './metric-source.js';
import { type Answer, answerOf, conforms, type Situations } from './reader.js';

const ROW = 'a row that nobody may see';
const PASSWORD = 'password-not-to-be-seen';
let server: TestServer;
let database: Database;
/** May log in, and nothing else: without the right to see others, and below row security. */
let stranger: Database;

beforeAll(async () => {
  server = await startTestServer();
  database = await server.create('read');
  stranger = await server.asRole(database, 'stranger');
  await server.query(
    database,
    `create extension pg_stat_statements;
     create table notes (id int primary key, text text, owner text);
     insert into notes select i, '${ROW}', 'a' from generate_series(1, 1000) i;
     create policy own on notes using (owner = current_user); alter table notes enable row level security;
     grant select on notes to stranger`,
  );
}, 120_000);
afterAll(async () => {
  await server.stop();
});

/** Longest time for one statement here, milliseconds. */
const WITHIN = 500;

const asked = (read: (client: DatabaseClient) => Promise<unknown>, of: Database = database): Promise<Answer> =>
  answerOf(() => withDatabase(of, read, { limit: WITHIN }));

/** While somebody else has locked a table, and does not let go. */
async function whileLocked(table: string, read: () => Promise<Answer>): Promise<Answer> {
  const holder = new pg.Client({ ...server.connection, database: database.name });
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query(`begin; lock table ${table} in access exclusive mode`);
  return read();
}

const SAME = { impossible: 'PostgreSQL answers a statement whole, or with an error' };
const OPEN = { impossible: 'everybody may read these catalogues whole' };
const secrets = [ROW];

/** What a read of a client has in common with all others. @param locks what keeps it waiting */
const common = (read: (client: DatabaseClient) => Promise<unknown>, locks: string): Omit<Situations, 'none'> => ({
  value: () => asked(read),
  hidden: OPEN,
  partial: SAME,
  error: () => asked(read, { ...database, name: 'no_such_database' }),
  hang: () => whileLocked(locks, () => asked(read)),
  nonsense: async () => {
    const { port } = await serve((_, response) => response.end());
    return asked(read, { ...database, port });
  },
  huge: { impossible: 'as much as the catalogue has, which a dump has in memory as well' },
});

/** A server that asks for the password in clear, and quotes it when it refuses. @returns its port */
async function telltale(): Promise<number> {
  const message = (kind: string, body: Buffer) => {
    const head = Buffer.from(`${kind}\0\0\0\0`);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const stand = createServer((socket) => {
    socket.once('data', () => {
      socket.write(message('R', Buffer.from([0, 0, 0, 3])));
      socket.once('data', (sent) => {
        const said = sent.subarray(5, -1).toString();
        socket.end(message('E', Buffer.from(`SFATAL\0CXX000\0M${said} is not the password\0\0`)));
      });
    });
  });
  await new Promise<void>((resolve) => {
    stand.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void stand.close());
  return (stand.address() as AddressInfo).port;
}

const none = (what: string) => ({ impossible: what });

conforms(
  'adapters/postgres/row-counts.ts',
  {
    ...common((client) => countRowsOf(client, 'notes'), 'notes'),
    none: () => asked((client) => countRowsOf(client, 'no_such_table')),
    hidden: () => asked((client) => countRowsOf(client, 'notes'), stranger),
  },
  { secrets },
);

/** The texts in the place of numbers are what could not be counted. */
const stock = async (client: DatabaseClient): Promise<unknown> => {
  const taken = await takeStock(client);
  const untold = Object.values(taken).filter((table) => typeof table === 'string');
  if (untold.length > 0) throw new Error(untold.join());
  return taken;
};

conforms(
  'adapters/migration/table-stock.ts',
  {
    ...common(stock, 'notes'),
    none: none('a database without tables has an empty stock'),
    hidden: () => asked(stock, stranger),
  },
  { secrets },
);

const statements = async (client: DatabaseClient): Promise<unknown> => {
  const seen = await slowStatements(client, 1_000);
  if ('unknown' in seen) throw new Error(inWords(seen));
  return seen;
};

conforms(
  'adapters/postgres/catalogue.ts',
  {
    ...common(async (client) => {
      await readLocks(client);
      await readLeftovers(client);
      await readIndexUse(client, 'notes');
      return statements(client);
    }, 'pg_extension'),
    none: () => asked((client) => readIndexes(client, 'no_such_table')),
    hidden: () => asked(statements, stranger),
  },
  { secrets },
);

conforms(
  'adapters/postgres/statement-statistics.ts',
  {
    ...common(async (client) => {
      const found = await findStatements(client);
      if ('unknown' in found) throw new Error(inWords(found));
      return found;
    }, 'pg_extension'),
    none: () =>
      asked(
        async (client) => {
          const found = await findStatements(client);
          throw new Error('unknown' in found ? inWords(found) : 'it was found where it is not installed');
        },
        { ...database, name: 'postgres' },
      ),
    hidden: { impossible: 'whether rows are hidden is asked of the view that it finds' },
  },
  { secrets },
);

conforms(
  'adapters/postgres/query-plans.ts',
  {
    ...common((client) => explainQuery(client, { sql: 'select * from notes where id = 1' }), 'notes'),
    none: () => asked((client) => explainQuery(client, { sql: 'select * from no_such_table' })),
    hidden: () => asked((client) => explainQuery(client, { sql: 'select * from pg_authid' }), stranger),
    nonsense: () => asked((client) => explainQuery(client, { sql: 'no SQL at all' })),
  },
  { secrets },
);

conforms(
  'adapters/migration/schema-fingerprint.ts',
  { ...common(describeSchema, 'pg_policy'), none: none('a database without objects has an empty description') },
  { secrets },
);

metricSourceConforms(
  { kind: 'postgres', reader: 'adapters/metrics/postgres-metrics.ts', secrets: [...secrets, PASSWORD] },
  (ask) => {
    const metric = (of: Database, slower = 1_000): Promise<Answer> => {
      const read = { slowQueries: { longerThan: slower } };
      return ask({ kind: 'postgres', database: of, window: 60_000, read }, { clock: 'virtual' });
    };
    return {
      value: () => metric(database),
      none: () => metric({ ...database, name: 'postgres' }),
      hidden: () => metric(stranger),
      partial: { impossible: 'statements that were evicted in between are no data: shown where slowCalls is' },
      error: () => metric({ ...database, name: 'no_such_database' }),
      hang: () => whileLocked('pg_extension', () => metric(database, 2_000)),
      nonsense: async () => {
        const { port } = await serve((_, response) => response.end());
        return metric({ ...database, port });
      },
      huge: { impossible: 'pg_stat_statements.max bounds it, 5000 by default' },
      rateLimit: async () => metric(await server.asRole(database, 'limited', 'connection limit 0')),
      paging: SAME,
      secrets: async () => metric({ ...database, port: await telltale(), password: secret('TEST_POSTGRES', PASSWORD) }),
    };
  },
);
