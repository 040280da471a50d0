/** No row, no statement's parameter and nobody's password is shown; what went wrong, and where, is. */
import { execa } from 'execa';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { databaseReason } from '../../../src/adapters/postgres/postgres-errors.js';
import { quotable, quotableError, quotableStatement, WITHHELD } from '../../../src/adapters/postgres/quotable.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import { startTestServer, type TestServer } from '../../activities/postgres-server.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

/** What a row may hold, over several lines too, with a mark that is looked for afterwards. */
const value = fc
  .tuple(fc.string({ maxLength: 30, unit: 'binary' }), fc.array(fc.string({ maxLength: 20 }), { maxLength: 3 }))
  .map(([first, others]) =>
    [first, ...others, 'rowmark'].map((part) => `${part.replaceAll('\0', '')}rowmark`).join('\n'),
  );

const HEAD = 'duplicate key value violates unique constraint "plans_email_key"';

/** As tools print it; each ends with something that has to be shown again. */
const SHAPES: Record<string, (row: string) => string> = {
  'psql and libpq': (row) => `ERROR:  ${HEAD}\nDETAIL:  Key (email)=(${row}) already exists.\nERROR:  and more`,
  'a failing row': (row) => `ERROR:  ${HEAD}\nDETAIL:  Failing row contains (1, ${row}, null).\nERROR:  and more`,
  'a statement beneath': (row) =>
    `ERROR:  ${HEAD}\nLINE 1: insert into plans values ('${row.replaceAll('\n', ' ')}')\n            ^\nERROR:  and more`,
  'a hint, a context, a query': (row) =>
    `ERROR:  ${HEAD}\nHINT:  ${row}\nCONTEXT:  COPY plans, line 2: "${row}"\nQUERY:  select '${row}'\nERROR:  and more`,
  'a server log': (row) =>
    `ERROR:  ${HEAD}\nSTATEMENT:  insert into plans values ('${row.replaceAll('\n', '\n\t')}')\nERROR:  and more`,
  'psycopg and SQLAlchemy': (row) =>
    [
      'Traceback (most recent call last):',
      '  File "/app/env.py", line 12, in run',
      `psycopg2.errors.UniqueViolation: ${HEAD}`,
      `DETAIL:  Key (email)=(${row}) already exists.`,
      '',
      'The above exception was the direct cause of the following exception:',
      `sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) ${HEAD}`,
      `DETAIL:  Key (email)=(${row}) already exists.`,
      '',
      `[SQL: INSERT INTO plans (email) VALUES (%(email)s)]`,
      `[parameters: {'email': '${row}'}]`,
      '(Background on this error at: https://sqlalche.me/e/20/gkpj) and more',
    ].join('\n'),
  pg_restore: (row) =>
    `pg_restore: error: could not execute query: ERROR:  ${HEAD}\nDETAIL:  Key (email)=(${row}) is duplicated.\nCommand was: CREATE USER MAPPING FOR app SERVER far OPTIONS (password '${row}');\n\npg_restore: warning: and more`,
  pg_dump: (row) =>
    `pg_dump: error: query failed: ERROR:  ${HEAD}\npg_dump: detail: Query was: select '${row}'\npg_dump: error: and more`,
  'one line of JSON or of repr': (row) =>
    `{"error":"${HEAD.replaceAll('"', '\\"')}\\nDETAIL:  Key (email)=(${row.replaceAll('\n', '\\n')}) already exists."}\nERROR:  and more`,
  JDBC: (row) => `ERROR: ${HEAD}\n  Detail: Key (email)=(${row}) already exists.\nERROR: and more`,
  'node-postgres': (row) =>
    `error: ${HEAD}\n    at Parser.parse (/app/x.js:1:2) {\n  detail: 'Key (email)=(${row}) already exists.',\n  where: '${row}',\n}\nERROR: and more`,
  German: (row) =>
    `FEHLER:  ${HEAD}\nDETAIL:  Schlüssel »(email)=(${row})« existiert bereits.\nTIPP:  ${row}\nFEHLER:  and more`,
  French: (row) =>
    `ERREUR:  ${HEAD}\nDÉTAIL : La clé « (email)=(${row}) » existe déjà.\nCONTEXTE : ${row}\nERREUR:  and more`,
  Spanish: (row) =>
    `ERROR:  ${HEAD}\nDETALLE:  Ya existe la llave (email)=(${row}).\nSUGERENCIA:  ${row}\nERROR:  and more`,
  Portuguese: (row) => `ERRO:  ${HEAD}\nDETALHE:  Chave (email)=(${row}) já existe.\nDICA:  ${row}\nERRO:  and more`,
  Russian: (row) =>
    `ОШИБКА:  ${HEAD}\nПОДРОБНОСТИ:  Ключ "(email)=(${row})" уже существует.\nПОДСКАЗКА:  ${row}\nОШИБКА:  and more`,
  Japanese: (row) => `ERROR:  ${HEAD}\n詳細:  キー (email)=(${row}) はすでに存在します。\nERROR:  and more`,
};

describe.each(Object.entries(SHAPES))('%s', (_, shape) => {
  test('the row is withheld, whatever is in it; the message before and what comes after are shown', () => {
    fc.assert(
      fc.property(value, (row) => {
        const shown = quotable(shape(row));
        expect(shown).not.toContain('rowmark');
        expect(shown).toContain('plans_email_key');
        expect(shown).toContain('and more');
        expect(shown).toContain(WITHHELD);
      }),
      { numRuns: 200 },
    );
  });
});

test('values that a message itself quotes are withheld, names are not', () => {
  for (const text of [
    'ERROR:  invalid input syntax for type integer: "rowmark"',
    'ERROR:  invalid input syntax for type json: "row\nmark rowmark',
    'ERROR:  value "rowmark"x" is out of range for type integer',
    'ERROR:  date/time field value out of range: "rowmark"',
    'ERROR:  malformed array literal: "rowmark"',
    `ERROR:  unterminated quoted string at or near "'rowmark`,
    'sqlalchemy.exc.DataError: (psycopg2.errors.InvalidTextRepresentation) invalid input syntax for type uuid: "rowmark"',
    'FEHLER:  ungültige Eingabesyntax für Typ integer: »rowmark«',
    'psycopg2.errors.RaiseException: the plan of rowmark is locked',
    'ERROR:  the plan of rowmark is locked\nCONTEXT:  PL/pgSQL function f() line 3 at RAISE',
    'ERROR:  the plan of\nrowmark is locked\nCONTEXT:  PL/pgSQL function f() line 3 at RAISE',
    "could not connect with postgresql://app:rowmark@db/x and password = 'rowmark'",
    "INFO sqlalchemy.engine.Engine [generated in 0.1s] {'email': 'rowmark'}",
  ]) {
    expect(quotable(text), text).not.toContain('rowmark');
  }
  expect(quotable('ERROR:  null value in column "email" of relation "plans" violates not-null constraint')).toContain(
    'column "email" of relation "plans"',
  );
});

test('where the beginning was cut off, nothing is shown until something new begins: it may be the middle of a row', () => {
  const cut = "(7, 'rowmark'),\n  (8, 'rowmark')]\nINFO  [alembic.runtime.migration] and more\ngoes on";
  expect(quotable(cut, undefined, true)).toBe(`${WITHHELD}\nINFO  [alembic.runtime.migration] and more\ngoes on`);
  expect(quotable(cut, 1, true)).toBe('goes on');
  expect(quotable("(8, 'rowmark')", 5, true)).toBe(WITHHELD);
  expect(quotable('', 5, true)).toBe('');
});

test('of a statement its texts are withheld, however they are quoted; names and placeholders are shown', () => {
  for (const text of [
    "'rowmark'",
    "'it''s rowmark'",
    "E'a\\'rowmark'",
    '$$ rowmark\n$$',
    '$a$ $$rowmark$b$ $a$',
    "'rowmark",
  ])
    expect(quotableStatement(`call f(${text}, $1, "Plan")`), text).toMatch(/^call f\(E?\[…\](, \$1, "Plan"\))?$/);
  const query = 'select * from "Plans" where id = $1 and born > $2';
  expect(quotableStatement(query)).toBe(query);
});

test('what holds no row is shown as it is', () => {
  const text = [
    'INFO  [alembic.runtime.migration] Running upgrade 1a -> 2b, add early warning thresholds',
    "FAILED: Can't locate revision identified by '5403edb1d087'",
    'hint: Updates were rejected because the remote contains work',
    'Step 3/4: copying files: detail follows',
    '  values: 3 replicas',
    'deploy.sh: no space left on device',
    'SUMMARY:',
    'STEP 3: done',
    'CONTEXT: production',
    'ERROR:  canceling statement due to lock timeout',
  ].join('\n');
  expect(quotable(text)).toBe(text);
});

test('a long text of hostile lines takes no time', () => {
  for (const part of ['Key (', 'value ', '»', 'a://', 'ERROR:', '"', 'a.', 'password ']) {
    const begun = performance.now();
    quotable(part.repeat(200_000));
    quotable(`${part.repeat(400)}\n`.repeat(400));
    expect(performance.now() - begun).toBeLessThan(5_000);
  }
});

describe('a real server', () => {
  let server: TestServer;
  let database: Database;
  beforeAll(async () => {
    server = await startTestServer();
    database = await server.create('app');
    await server.query(
      database,
      `create table plans (id int primary key, email text unique, age int check (age > 0), born date);
       insert into plans values (1, 'rowmark', 3);
       create table log (plan int references plans (id));
       create function refuse() returns void language plpgsql as $$ begin raise exception 'no plan for rowmark'; end $$;
       create function refuse_as() returns void language plpgsql as $$ begin raise 'no plan for rowmark' using errcode = '23514'; end $$;`,
    );
  });
  afterAll(() => server.stop());

  const MISTAKES = {
    'unique constraint': [`insert into plans values (2, 'rowmark')`, 'plans_email_key'],
    'check constraint': [`insert into plans values (2, 'rowmark1', -1)`, 'plans_age_check'],
    'not null': [`insert into plans (email) values ('rowmark2')`, '"id"'],
    'foreign key': [`insert into log values (7700077)`, 'log_plan_fkey'],
    'wrong type': [`select 'rowmark'::int`, 'type integer'],
    'several lines': [`select E'a\\nrowmark'::int`, 'type integer'],
    'out of range': [`select '9999-99-99 rowmark'::date`, 'date'],
    syntax: [`select 'rowmark`, 'unterminated'],
    'a function’s own words': ['select refuse()', 'raised'],
    'a function’s own words under another code': ['select refuse_as()', '23514'],
  } as const;

  test.each(Object.entries(MISTAKES))('%s: said by its fields, without the value', async (_, [sql, kept]) => {
    const error = await server.query(database, sql).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(pg.DatabaseError);
    const said = databaseReason(error);
    expect(said).not.toMatch(/rowmark|7700077/);
    expect(said).toContain(kept);
    expect(said).toMatch(/\(SQLSTATE \w{5}\)$/);
  });

  test.each(Object.entries(MISTAKES))('%s: psql’s own words, without the value', async (_, [sql]) => {
    const { host, port, user, password } = server.connection;
    const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: String(password), PGDATABASE: 'app' };
    const run = await execa('psql', ['-X', '-c', sql], { env, reject: false });
    expect(run.stderr).toMatch(/rowmark|7700077/);
    expect(quotable(run.stderr)).not.toMatch(/rowmark|7700077/);
    expect(quotable(run.stderr)).toContain('ERROR:');
  });
});

test('an error in any language is known by its fields', () => {
  const of = (message: string, code: string, routine = '') => quotableError({ message, code, routine });
  expect(of('ungültige Eingabesyntax für Typ integer: »rowmark«', '22P02')).toBe(
    `ungültige Eingabesyntax für Typ integer: ${WITHHELD} (SQLSTATE 22P02)`,
  );
  expect(of('la plan de rowmark', 'P0001')).not.toContain('rowmark');
  expect(of('doppelter Schlüsselwert verletzt Unique-Constraint »plans_pkey«', '23505')).toContain('plans_pkey');
});
