/**
 * Migration tools, each put through the same: at which revision a database is by its command, by its own table, and by both
 * held against each other; and what a release's files say of the way back.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askCurrent, type Revisions } from '../../src/activities/migration/revisions.js';
import { storedRevisions } from '../../src/adapters/migration/revision-table.js';
import { withDatabase } from '../../src/adapters/postgres/postgres.js';
import type { Database } from '../../src/contract/plan/environment.js';
import type { Migration } from '../../src/contract/plan/migration.js';
import { migrationChecks } from '../../src/doctor/checks/migrations.js';
import { BOOKKEEPING_TABLES, KNOWN_TOOLS, migrationTool } from '../../src/domain/migration/migration-tools.js';
import { loadPlan } from '../../src/plan/load.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { commandWith, environmentWith } from '../activities/support.js';
import { evidencePlace } from '../helpers/context.js';
import { cloneOf, newRepository } from '../helpers/repository.js';
import { SHIPPED } from '../plan/plan-files.js';
import { type Answer, answerOf, conforms } from './reader.js';

interface Sample {
  revision: string;
  /** What `current` prints where the database is at the revision, and where it is at none. */
  prints: { revision: string; none: string };
  /** Its table, where that is known. */
  table?: {
    /** Without a schema. */
    create: string;
    /** Puts revisions in. @param query SQL that gives them as text */
    fill(query: string): string;
    /** A table of that name which is not the tool's. */
    others: string;
  };
  /** The files of the revision in a release, where they are read: with a way back, and without one. */
  files?: { good: Record<string, string>; bad: Record<string, string> };
}

const ALEMBIC_FILE = (downgrade: string) =>
  `revision = '5403edb1d087'\n\ndef upgrade():\n    op.create_table("a")\n\ndef downgrade():\n    ${downgrade}\n`;

/** Every tool that is known, and one that is not. */
const SAMPLES: Record<string, Sample> = {
  alembic: {
    revision: '5403edb1d087',
    prints: { revision: '5403edb1d087 (head)', none: '' },
    table: {
      create: 'create table alembic_version (version_num text)',
      fill: (query) => `insert into alembic_version ${query}`,
      others: 'create table alembic_version (other text)',
    },
    files: {
      good: { 'versions/20251124_a.py': ALEMBIC_FILE('op.drop_table("a")') },
      bad: { 'versions/20251124_a.py': ALEMBIC_FILE('pass') },
    },
  },
  'node-pg-migrate': {
    revision: '1764000000000_reserve-stock',
    prints: { revision: '1764000000000_reserve-stock', none: 'base' },
  },
};

test('each known tool is put through this', () => {
  expect(Object.keys(SAMPLES)).toEqual(expect.arrayContaining([...KNOWN_TOOLS]));
});

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
  process.env.SUREFOOT_TEST_STRANGER = 'geheim';
}, 120_000);
afterAll(() => server.stop());

async function databaseWith(sql: string): Promise<Database> {
  count += 1;
  const database = await server.create(`revisions${count}`);
  if (sql !== '') await server.query(database, sql);
  return database;
}

/** A user without rights of its own. */
async function stranger(database: Database, sql = ''): Promise<Database> {
  const user = `stranger${count}`;
  await server.query(
    database,
    `create role ${user} login password 'geheim'; grant usage on schema public to ${user}; ${sql.replaceAll('USER', user)}`,
  );
  return { ...database, user, password: 'env:SUREFOOT_TEST_STRANGER' };
}

const toAnswer = (revisions: Revisions): Answer => {
  if ('problem' in revisions) return { unknown: revisions.problem };
  return revisions.found.length > 0 ? { known: revisions.found } : { none: 'the database has no revision' };
};

const never = new AbortController().signal;

describe.each(Object.entries(SAMPLES))('%s', (name, { revision, prints, table, files }) => {
  const tool = migrationTool(name);
  const sqlAt = table ? `${table.create}; ${table.fill(`values ('${revision}')`)}` : '';
  const says = (text: string) => (text === '' ? 'true' : `echo '${text}'`);

  /** What `current` prints is the output of this shell text. */
  async function ask(current: string, { database = undefined as Database | undefined, sql = sqlAt } = {}) {
    const environment = environmentWith({ database: database ?? (await databaseWith(sql)) });
    const command = commandWith(['sh', '-c', current], { timeout: 1_500 });
    return toAnswer(await askCurrent({ environment, migration: { tool: name, current: command } as Migration }, never));
  }

  conforms(
    `activities/migration/revisions.ts, of ${name},`,
    {
      value: () => ask(says(prints.revision)),
      none: () => ask(says(prints.none), { sql: '' }),
      hidden: async () =>
        table ? ask(says(prints.revision), { database: await stranger(await databaseWith(sqlAt)) }) : ask('true'),
      partial: () => ask(table ? says(prints.none) : `echo 'Reading the database ...'`),
      error: () => ask(`${says(prints.revision)}; echo "permission denied" >&2; exit 3`),
      hang: () => ask(`${says(prints.revision)}; exec sleep 60`),
      nonsense: () => ask('echo "FATAL: sorry, too many clients already"'),
      huge: () => ask(`yes ${revision} | head -c 5000000`),
      rateLimit: { impossible: 'a database has a limit of connections, and says so in words: nonsense and error' },
      paging: { impossible: 'a command prints its whole answer' },
      secrets: async () => {
        const database = await stranger(
          await databaseWith(sqlAt),
          'grant select on all tables in schema public to USER',
        );
        return ask('echo "cannot log in with password geheim"; exit 1', { database });
      },
    },
    { secrets: ['geheim'] },
  );

  test('means one revision by each of its forms', () => {
    expect(tool.current(`${prints.revision}\n`, table ? [revision] : null)).toEqual([revision]);
    expect(tool.same(tool.upgradeTo(revision), revision)).toBe(true);
    expect(tool.same(tool.downgradeTo(revision), revision)).toBe(true);
    expect(tool.downgradeTo(null)).not.toBe('');
    expect(tool.warnings(`INFO fine\nWARNING: careful\n${prints.revision}`)).toEqual(['WARNING: careful']);
    expect(() => tool.heads('')).toThrow('no head');
    const texts = fc.option(fc.oneof(fc.constant(revision), fc.string()));
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(tool.same(a, a)).toBe(true);
        expect(tool.same(a, b)).toBe(tool.same(b, a));
        if (a !== null) expect(tool.same(a, null)).toBe(false);
      }),
    );
  });

  if (table) {
    const known = tool.table;
    if (!known) throw new Error(`${name} has a table here and none in the registry`);

    async function readTable(database: Database, limit?: number): Promise<Answer> {
      const answer = await answerOf(() =>
        withDatabase(database, (client) => storedRevisions(client, known as never), { limit }),
      );
      if (!('known' in answer)) return answer;
      const found = answer.known as string[] | null;
      return found?.length ? { known: found } : { none: 'the catalogue has no such table, or it is empty' };
    }

    conforms(
      `adapters/migration/revision-table.ts, of ${name},`,
      {
        value: async () => readTable(await databaseWith(sqlAt)),
        none: async () => readTable(await databaseWith('')),
        hidden: async () => {
          const filtered = await databaseWith(`${sqlAt}; alter table ${known.name} enable row level security`);
          return readTable(await stranger(filtered, `grant select on ${known.name} to USER`));
        },
        partial: async () =>
          readTable(await databaseWith(`${sqlAt}; create schema old; set search_path = old; ${table.create}`)),
        error: async () => readTable(await databaseWith(table.others)),
        hang: async () => {
          const database = await databaseWith(sqlAt);
          const holder = new pg.Client({ ...server.connection, database: database.name });
          await holder.connect();
          try {
            await holder.query(`begin; lock table ${known.name} in access exclusive mode`);
            return await readTable(database, 500);
          } finally {
            await holder.end();
          }
        },
        nonsense: { impossible: 'whatever text stands in the table is what the tool itself takes for the revision' },
        huge: async () =>
          readTable(await databaseWith(`${sqlAt}; ${table.fill('select i::text from generate_series(1, 20000) i')}`)),
        rateLimit: { impossible: 'a database that has enough of us refuses the connection' },
        paging: { impossible: 'the protocol tells the end of an answer' },
        secrets: async () => readTable(await stranger(await databaseWith(sqlAt))),
      },
      { secrets: ['geheim'] },
    );

    test('its table is no part of a schema', () => {
      expect(BOOKKEEPING_TABLES).toContain(known.name);
    });
  }

  if (files) {
    async function releaseOf(contents: Record<string, string>) {
      const made = await newRepository();
      for (const [file, content] of Object.entries(contents)) await made.commit(file, content);
      await made.git('tag', 'v2');
      return made;
    }

    /** What doctor says of the way back. */
    async function inspect(folder: string): Promise<Answer> {
      const plan = loadPlan(SHIPPED).resolved;
      plan.migration = { ...plan.migration, tool: name, revision };
      plan.release = { ...plan.release, repository: folder, target: 'v2' };
      const check = migrationChecks({ plan, at: 0 }).find(({ id }) => id === 'way-back');
      const means = {
        signal: AbortSignal.timeout(5_000),
        patience: { answer: 5_000, whole: 20_000, pause: 10 },
        evidence: await evidencePlace(),
        inActivity: <T>(work: () => Promise<T>) => new MockActivityEnvironment().run(work) as Promise<T>,
      };
      const answer = await answerOf(async () => check?.run(means));
      if (!('known' in answer)) return answer;
      const [finding] = answer.known as { note?: true; text: string }[];
      return finding?.note ? { unknown: finding.text } : { known: finding?.text };
    }

    conforms(`doctor/checks/migrations.ts, of ${name},`, {
      value: async () => inspect((await releaseOf(files.good)).folder),
      none: async () => inspect((await releaseOf({})).folder),
      hidden: async () => {
        const made = await releaseOf(files.good);
        await made.git('config', 'uploadpack.allowFilter', 'true');
        return inspect((await cloneOf(made, '--filter=blob:none', '--no-checkout')).folder);
      },
      partial: { impossible: 'git gives a file whole, or says that it cannot' },
      error: async () => {
        const made = await releaseOf(files.good);
        const [file = ''] = Object.keys(files.good);
        const object = await made.git('rev-parse', `v2:${file}`);
        rmSync(join(made.folder, '.git/objects', object.slice(0, 2), object.slice(2)));
        return inspect(made.folder);
      },
      hang: { impossible: 'a local program with a limit of its own: the suite of git' },
      nonsense: { impossible: 'what stands in the file is what the tool runs' },
      huge: async () => {
        const [[file, content] = ['', '']] = Object.entries(files.good);
        return inspect((await releaseOf({ ...files.good, [file]: content + '#\n'.repeat(17 * 1024 * 1024) })).folder);
      },
    });

    test('a release without a way back is found out, and what holds none says so', async () => {
      expect(await inspect((await releaseOf(files.bad)).folder)).toEqual({
        known: expect.stringMatching(/: (?!it has)/),
      });
      expect(await inspect((await releaseOf({})).folder)).toEqual({
        unknown: expect.stringContaining(`no ${name} file of revision`),
      });
    });
  } else {
    test('nothing is said of a release whose files are not read', () => {
      expect(tool.inspect).toBeUndefined();
    });
  }
});
