/** A plan's commands, as a person reads them: what is called where, and how long it may take. */
import type { CommandBackup } from '../../contract/plan/backup.js';
import type { Command } from '../../contract/plan/commands.js';
import { commandsOfChecks } from '../../contract/plan/own-checks.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { formatDuration } from '../../domain/duration.js';
import { APPLICATION_FOLDER } from '../../plan/commands/resolve.js';
import type { Colors } from './marks.js';

export interface ShownCommand extends Omit<Command, 'timeout'> {
  /** As the plan calls it. */
  name: string;
  timeoutSeconds: number;
}

/** Those of the section `commands`, then those of the migration, of backups, and of checks of the team's own. */
export function shownCommands(plan: ResolvedPlan): ShownCommand[] {
  const { commands, migration, backup } = plan;
  const { current, heads, upgrade, downgrade } = migration ?? {};
  return [
    ...Object.entries(commands),
    ...under('migration', { current, heads, upgrade, downgrade }),
    ...(backup?.by === 'commands' ? commandsOfBackup(backup) : []),
    ...Object.entries(commandsOfChecks(plan)),
  ].flatMap(([name, command]) => {
    if (command === undefined) return [];
    const { timeout, ...rest } = command;
    return [{ name, ...rest, timeoutSeconds: timeout / 1_000 }];
  });
}

type Named = [name: string, command: Command | undefined];

const under = (section: string, held: Record<string, Command | undefined>): Named[] =>
  Object.entries(held).map(([key, command]) => [`${section}.${key}`, command]);

/** In the order in which they are run. */
function commandsOfBackup({ query, create, verify, scratch, restore }: CommandBackup): Named[] {
  return [
    ...under('backup', { query, create, verify }),
    ...under('backup.scratch', { restore: scratch.restore, query: scratch.query, remove: scratch.remove }),
    ...under('backup', { restore }),
  ];
}

export function renderCommands(commands: readonly ShownCommand[], plan: ResolvedPlan, colors: Colors): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const lines = commands.flatMap(({ name, run, on, folder, timeoutSeconds }) => {
    const time = `at most ${formatDuration(timeoutSeconds * 1_000)}`;
    return [
      `  ${colors.bold(name.padEnd(width))}${run.join(' ')}`,
      `  ${' '.repeat(width)}${colors.dim(`on the ${on} in ${placeOf(folder)}, ${time}`)}`,
    ];
  });
  return [colors.bold('commands'), ...lines, ...limitsOf(plan).map((line) => `  ${colors.dim(line)}`)].join('\n');
}

const placeOf = (folder: string): string => (folder === APPLICATION_FOLDER ? 'its application’s folder' : folder);

function limitsOf({ migration }: ResolvedPlan): string[] {
  if (migration === undefined) return [];
  const { lockTimeout, statementTimeout, within } = migration;
  const [lock, statement, all] = [lockTimeout, statementTimeout, within].map(formatDuration);
  return [
    `migration: waits ${lock} for a lock, ${statement} for a statement; in production all of it takes ${all} at most`,
  ];
}
