/** Migration tools as `surefoot init` knows them: by what they are found, and the commands of a first plan. */
import type { FirstUse } from '../domain/migration/migration-tool.js';
import { FIRST_USES } from '../domain/migration/migration-tools.js';

/** Files of settings at the top of the service's folder: that they are there says which tool it is. */
export const SETTINGS: readonly string[] = FIRST_USES.map(([, { settings }]) => settings.file);

const toolWhere = (uses: (first: FirstUse) => boolean): string | undefined =>
  FIRST_USES.find(([, first]) => uses(first))?.[0];

export const toolBySettings = (text: string): string | undefined =>
  toolWhere(({ settings }) => settings.holding.test(text));

/** By the commands that a checklist names. */
export const toolByCommands = (text: string): string | undefined => toolWhere(({ mentioned }) => mentioned.test(text));

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

/** Of a tool that is not known no more is known than what its commands must print: the team's own scripts do. */
const OWN_SCRIPTS: Pick<FirstUse, 'commands' | 'advice'> = {
  commands: {
    current: script('migrate:current'),
    upgrade: script('migrate:up'),
    downgrade: script('migrate:down-to', '--', '{revision}'),
  },
  advice: 'scripts of these names: `current` prints the revision on its last line, or `base`.',
};

export const firstUse = (tool: string): Pick<FirstUse, 'commands' | 'advice'> =>
  FIRST_USES.find(([name]) => name === tool)?.[1] ?? OWN_SCRIPTS;
