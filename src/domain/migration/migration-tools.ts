/** The migration tools that are known by more than a plan's commands. */
import { ALEMBIC } from './alembic.js';
import { BY_COMMANDS } from './by-commands.js';
import type { FirstUse, MigrationTool } from './migration-tool.js';

/** By their names in plans. */
const TOOLS: ReadonlyMap<string, MigrationTool> = new Map([['alembic', ALEMBIC]]);

export const KNOWN_TOOLS: readonly string[] = [...TOOLS.keys()];

/** Known tools that `surefoot init` can find, by their names in plans. */
export const FIRST_USES: readonly [string, FirstUse][] = [...TOOLS].flatMap(([name, { first }]) =>
  first ? [[name, first] as [string, FirstUse]] : [],
);

/** @param name the plan's `migration.tool` */
export const migrationTool = (name: string): MigrationTool => TOOLS.get(name) ?? BY_COMMANDS;

/** Where tools that are known by their commands only keep their books. */
const TABLES_OF_OTHERS = [
  'schema_migrations',
  'flyway_schema_history',
  'databasechangelog',
  'databasechangeloglock',
  'pgmigrations',
  'knex_migrations',
  'knex_migrations_lock',
  '_prisma_migrations',
  'goose_db_version',
  'django_migrations',
];

/** Tables that are no part of a schema: they appear with the first migration, and no downgrade takes them away. */
export const BOOKKEEPING_TABLES: readonly string[] = [
  ...[...TOOLS.values()].flatMap(({ table }) => table?.name ?? []),
  ...TABLES_OF_OTHERS,
];
