/** Migration tools as `surefoot init` knows them: by what they are found, and the commands of a first plan. */

export interface FirstMigration {
  tool: string;
  current: string[];
  heads?: string[];
  upgrade: string[];
  downgrade: string[];
}

const ALEMBIC: FirstMigration = {
  tool: 'alembic',
  current: ['alembic', 'current'],
  heads: ['alembic', 'heads'],
  upgrade: ['alembic', 'upgrade', 'head'],
  downgrade: ['alembic', 'downgrade', '{revision}'],
};

/** Its settings, at the top of the service's folder: that they are there says which tool it is. */
export const SETTINGS = 'alembic.ini';
export const toolBySettings = (text: string): string | undefined =>
  /^\s*\[alembic\]/m.test(text) ? ALEMBIC.tool : undefined;

/** By the commands that a checklist names. */
export const toolByCommands = (text: string): string | undefined =>
  /\balembic (?:upgrade|current|downgrade)\b/.test(text) ? ALEMBIC.tool : undefined;

/** Tools of Node, by the names of their packages; the first that is there counts. */
const NODE_TOOLS: Record<string, string> = {
  'node-pg-migrate': 'node-pg-migrate',
  prisma: 'prisma',
  '@prisma/client': 'prisma',
  knex: 'knex',
  'sequelize-cli': 'sequelize',
  typeorm: 'typeorm',
  'drizzle-kit': 'drizzle',
};

export function toolByPackages(names: readonly string[]): string | undefined {
  const found = Object.keys(NODE_TOOLS).find((name) => names.includes(name));
  return found === undefined ? undefined : NODE_TOOLS[found];
}

const script = (...words: string[]): string[] => ['npm', 'run', '--silent', ...words];

/** Of another tool than alembic no more is known than what its commands must print: the team's own scripts do. */
export const firstMigration = (tool: string): FirstMigration =>
  tool === ALEMBIC.tool
    ? ALEMBIC
    : {
        tool,
        current: script('migrate:current'),
        upgrade: script('migrate:up'),
        downgrade: script('migrate:down-to', '--', '{revision}'),
      };

/** What a team has to look at. */
export const migrationAdvice = (tool: string): string =>
  tool === ALEMBIC.tool
    ? 'whether alembic is on the server’s PATH; else name its folder in `environments`, as `tools`.'
    : 'scripts of these names: `current` prints the revision on its last line, or `base`.';
