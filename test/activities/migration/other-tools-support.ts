/** Other migration tools than alembic, as docs/migration-tools.md has them, each in a project of three migrations. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { searchPath } from '../../../src/adapters/commands/program-variables.js';
import type { CommandActivities } from '../../../src/contract/activities/commands.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import type { Migration } from '../../../src/contract/plan/migration.js';
import type { TestServer } from '../postgres-server.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../support.js';

/** A tool, with a project whose three migrations make `orders`, add `total` to it, and fail. */
export interface ToolUse {
  /** The folder that its programs are in, where they are not on PATH. */
  bin?: string;
  /** Names of the three migrations, as the tool has them. */
  revisions: [orders: string, total: string, fails: string];
  files(url: URL): Record<string, string>;
  /** Packages of Node's that its files ask for. */
  modules?: string;
}

const DOCS = readFileSync('docs/migration-tools.md', 'utf8');

/** The code of one language under a heading of the docs. */
function documented(heading: string, language: 'yaml' | 'js'): string {
  const section = DOCS.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const code = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(section)?.[1];
  if (code === undefined) throw new Error(`docs/migration-tools.md has no ${language} under ${heading}`);
  return code;
}

interface DocumentedMigration {
  query: string;
  noRevision?: string;
  upgrade: { run: string[] };
  downgrade: { run: string[] };
}

/** The project, at its first migration in a database of its own. */
export async function projectOf(tool: ToolUse, heading: string, server: TestServer) {
  const name = heading.toLowerCase();
  const folder = temporaryFolder();
  const database = await server.create(name);
  const { user = '', password, host, port } = server.connection;
  const url = new URL(`postgres://${user}:${String(password)}@${host}:${port}/${name}`);
  for (const [path, text] of Object.entries(tool.files(url))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const [orders, total, fails] = tool.revisions;
  if (tool.modules) symlinkSync(tool.modules, join(folder, 'node_modules'));
  const { query, noRevision, upgrade, downgrade } = (
    parse(documented(heading, 'yaml')) as { migration: DocumentedMigration }
  ).migration;
  const inFolder = ({ run }: { run: string[] }) => commandWith(run, { folder });
  const migration: Migration = {
    tool: name,
    revision: total,
    query,
    ...(noRevision === undefined ? {} : { noRevision }),
    upgrade: inFolder(upgrade),
    downgrade: inFolder(downgrade),
    lockTimeout: 3_000,
    statementTimeout: 15_000,
    within: 60_000,
  };
  const environment = environmentWith({
    database,
    tools: tool.bin === undefined ? [] : [tool.bin],
    application: folder,
  });
  const [program = '', ...words] = upgrade.run.map((word) => word.replace('{revision}', orders));
  await execa(program, words, { cwd: folder, env: { PATH: searchPath(environment.tools) } });

  const { migrate, readRevision } = createCommandActivities({ state: join(folder, 'state') });
  const evidence = { store: join(folder, 'evidence'), deployment: 'shop-1' };
  let count = 0;
  type Direction = Parameters<CommandActivities['migrate']>[0]['direction'];
  const move = (direction: Direction, revision = total) => {
    count += 1;
    const key = { deployment: 'shop-1', step: `step-${count}`, generation: 1 };
    const input = { key, evidence, environment, migration: { ...migration, revision }, direction };
    return runActivity(() => migrate(input));
  };
  return {
    database,
    revision: () => runActivity(() => readRevision({ environment, migration })),
    upgrade: () => move({ kind: 'upgrade' }),
    downgrade: (from: string, to: string | null) => move({ kind: 'downgrade', from, to }),
    fail: () => move({ kind: 'upgrade' }, fails),
    columns: () => columnsOf(server, database),
    /** What the second migration has been given, each time. */
    seen: async () =>
      (await server.query(database, 'select * from seen')).rows as { name: string; lock_timeout: string }[],
  };
}

async function columnsOf(server: TestServer, database: Database): Promise<string[]> {
  const { rows } = await server.query(
    database,
    `select column_name as name from information_schema.columns where table_name = 'orders' order by 1`,
  );
  return rows.map(({ name }: { name: string }) => name);
}

const ORDERS = 'create table orders (id int); create table seen (name text, lock_timeout text)';
const SETTING = (name: string) => `current_setting($$${name}$$)`;
/** It also tells what it has been given, which is how a statement is found again that outlives its tool. */
const TOTAL = `alter table orders add total int; insert into seen select ${SETTING('application_name')}, ${SETTING('lock_timeout')}`;

const settings = ({ username, password, hostname, port, pathname }: URL) => `
SECRET_KEY = "none"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "${pathname.slice(1)}", "USER": "${username}",
  "PASSWORD": "${password}", "HOST": "${hostname}", "PORT": "${port}"}}
`;
const ofDjango = (after: string | undefined, sql: string, back: string) => `
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [${after === undefined ? '' : `("shop", "${after}")`}]
    operations = [migrations.RunSQL("${sql}", "${back}")]
`;

/** @param bin of an environment that has Django and psycopg */
export const django = (bin: string): ToolUse => ({
  bin,
  revisions: ['0001_orders', '0002_total', '0003_fails'],
  files: (url) => ({
    'manage.py': `import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`,
    'settings.py': settings(url),
    'shop/__init__.py': '',
    'shop/migrations/__init__.py': '',
    'shop/migrations/0001_orders.py': ofDjango(undefined, ORDERS, 'drop table orders; drop table seen'),
    'shop/migrations/0002_total.py': ofDjango('0001_orders', TOTAL, 'alter table orders drop total'),
    'shop/migrations/0003_fails.py': ofDjango('0002_total', 'alter table bills add total int', 'select 1'),
  }),
});

const KNEXFILE = (url: URL) => `module.exports = {
  client: 'pg',
  connection: '${url.href}',
  migrations: { directory: './migrations', loadExtensions: ['.cjs'] },
};
`;
const ofKnex = (up: string, down: string) => `exports.up = (knex) => knex.raw('${up}');
exports.down = (knex) => knex.raw('${down}');
`;

/** @param modules the folder of packages with knex and pg in it */
export const knex = (modules: string): ToolUse => ({
  modules,
  revisions: ['20260101_orders.cjs', '20260201_total.cjs', '20260301_fails.cjs'],
  files: (url) => ({
    'knexfile.cjs': KNEXFILE(url),
    'knex-to.cjs': documented('Knex', 'js'),
    'migrations/20260101_orders.cjs': ofKnex(ORDERS, 'drop table orders; drop table seen'),
    'migrations/20260201_total.cjs': ofKnex(TOTAL, 'alter table orders drop total'),
    'migrations/20260301_fails.cjs': ofKnex('alter table bills add total int', 'select 1'),
  }),
});
