/** Other migration tools than alembic, as docs/migration-tools.md has them, each in a project of three migrations. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { createCommandActivities } from '../../../src/activities/commands.js';
import type { CommandActivities } from '../../../src/contract/activities/commands.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import type { Migration } from '../../../src/contract/plan/migration.js';
import type { TestServer } from '../postgres-server.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../support.js';

/** A tool, with a project whose three migrations make `orders`, add `total` to it, and fail. */
export interface ToolUse {
  /** The folder that its programs are in. */
  bin: string;
  /** Names of the three migrations, as the tool has them. */
  revisions: [orders: string, total: string, fails: string];
  files(url: URL): Record<string, string>;
  migration: Pick<Migration, 'query' | 'noRevision'> & { current?: string[]; upgrade: string[]; downgrade: string[] };
}

/** The project, at its first migration in a database of its own. */
export async function projectOf(tool: ToolUse, name: string, server: TestServer) {
  const folder = temporaryFolder();
  const database = await server.create(name);
  const { user = '', password, host, port } = server.connection;
  const url = new URL(`postgres://${user}:${String(password)}@${host}:${port}/${name}`);
  for (const [path, text] of Object.entries(tool.files(url))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    if (text.startsWith('#!')) chmodSync(join(folder, path), 0o755);
  }
  const [orders, total, fails] = tool.revisions;
  const { current, upgrade, downgrade, ...others } = tool.migration;
  const inFolder = (run: string[]) => commandWith(run, { folder });
  const migration: Migration = {
    tool: 'another',
    revision: total,
    ...(current ? { current: inFolder(current) } : {}),
    upgrade: inFolder(upgrade),
    downgrade: inFolder(downgrade),
    lockTimeout: 3_000,
    statementTimeout: 15_000,
    within: 60_000,
    ...others,
  };
  const environment = environmentWith({ database, tools: [tool.bin], application: folder });
  const [program = '', ...words] = upgrade.map((word) => word.replace('{revision}', orders));
  await execa(program, words, { cwd: folder, env: { PATH: `${tool.bin}:${process.env.PATH}` } });

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
  };
}

async function columnsOf(server: TestServer, database: Database): Promise<string[]> {
  const { rows } = await server.query(
    database,
    `select column_name as name from information_schema.columns where table_name = 'orders' order by 1`,
  );
  return rows.map(({ name }: { name: string }) => name);
}

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
    'shop/migrations/0001_orders.py': ofDjango(undefined, 'create table orders (id int)', 'drop table orders'),
    'shop/migrations/0002_total.py': ofDjango(
      '0001_orders',
      'alter table orders add total int',
      'alter table orders drop total',
    ),
    'shop/migrations/0003_fails.py': ofDjango('0002_total', 'alter table bills add total int', 'select 1'),
  }),
  migration: {
    query: "select name from django_migrations where app = 'shop' order by id desc limit 1",
    noRevision: 'zero',
    upgrade: ['python', 'manage.py', 'migrate', 'shop', '{revision}'],
    downgrade: ['python', 'manage.py', 'migrate', 'shop', '{revision}'],
  },
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

/** As in docs/migration-tools.md. */
const KNEX_TO = `#!/usr/bin/env node
const knex = require('knex')(require('./knexfile.cjs'));
const [, , wanted] = process.argv;

async function goTo() {
  const [done, pending] = await knex.migrate.list();
  const made = done.map(({ name }) => name);
  const left = pending.map(({ file }) => file);
  if (left.includes(wanted)) {
    for (const name of left.slice(0, left.indexOf(wanted) + 1)) await knex.migrate.up({ name });
  } else if (wanted === 'base' || made.includes(wanted)) {
    const undone = wanted === 'base' ? made : made.slice(made.indexOf(wanted) + 1);
    for (const name of undone.reverse()) await knex.migrate.down({ name });
  } else throw new Error(wanted + ' is no migration of this release');
}

goTo().then(() => knex.destroy(), async (error) => {
  console.error(error.message);
  await knex.destroy();
  process.exitCode = 1;
});
`;

/** @param modules the folder of packages with knex and pg in it */
export const knex = (modules: string): ToolUse => ({
  bin: join(modules, '.bin'),
  revisions: ['20260101_orders.cjs', '20260201_total.cjs', '20260301_fails.cjs'],
  files: (url) => ({
    'knexfile.cjs': KNEXFILE(url),
    'knex-to.cjs': KNEX_TO.replace("'knex'", `'${join(modules, 'knex')}'`),
    'migrations/20260101_orders.cjs': ofKnex('create table orders (id int)', 'drop table orders'),
    'migrations/20260201_total.cjs': ofKnex('alter table orders add total int', 'alter table orders drop total'),
    'migrations/20260301_fails.cjs': ofKnex('alter table bills add total int', 'select 1'),
  }),
  migration: {
    query: 'select name from knex_migrations order by id desc limit 1',
    upgrade: ['./knex-to.cjs', '{revision}'],
    downgrade: ['./knex-to.cjs', '{revision}'],
  },
});
