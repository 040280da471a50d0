/** A plan's commands, as a person reads them: what is called where, and how long it may take. */
import type { HealthReading } from '../../contract/plan/application.js';
import type { CommandBackup } from '../../contract/plan/backup.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment, Login } from '../../contract/plan/environment.js';
import { commandsOfChecks } from '../../contract/plan/own-checks.js';
import { watchesOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { formatDuration } from '../../domain/duration.js';
import { APPLICATION_FOLDER } from '../../plan/commands/resolve.js';
import type { Colors } from './marks.js';

export interface ShownCommand extends Omit<Command, 'timeout'> {
  /** As the plan calls it. */
  name: string;
  timeoutSeconds: number;
}

/** Those of the section `commands`, then whatever else the plan has run, under the keys that it stands at. */
export function shownCommands(plan: ResolvedPlan): ShownCommand[] {
  const { commands, migration, backup, environments } = plan;
  const { staging, production } = environments;
  const { current, heads, upgrade, downgrade } = migration ?? {};
  const all: Record<string, Command | undefined> = {
    ...commands,
    ...under('migration', { current, heads, upgrade, downgrade }),
    ...(backup?.by === 'commands' ? commandsOfBackup(backup) : {}),
    ...(staging ? commandsOfApplication(staging) : {}),
    ...commandsOfApplication(production),
    ...commandsOfChecks(plan),
    ...commandsOfMetrics(plan),
  };
  return Object.entries(all).flatMap(([name, command]) => {
    if (command === undefined) return [];
    const { timeout, ...rest } = command;
    return [{ name, ...rest, timeoutSeconds: timeout / 1_000 }];
  });
}

type Named = Record<string, Command | undefined>;

const under = (section: string, named: Named): Named =>
  Object.fromEntries(Object.entries(named).map(([key, command]) => [`${section}.${key}`, command]));

const commandsOfBackup = ({ create, verify, query, scratch, restore }: CommandBackup): Named => ({
  ...under('backup', { query, create, verify }),
  ...under('backup.scratch', { ...scratch }),
  ...under('backup', { restore }),
});

/** How an environment is seen to be up, what it runs, and how it is logged in to. */
function commandsOfApplication({ name, health, login }: Environment): Named {
  const { by, version, startedAt, commit } = health ?? {};
  return under(name, {
    health: commandIn(by),
    version: typeof version === 'object' && 'runs' in version ? version.runs : commandIn(version),
    startedAt: commandIn(startedAt),
    commit: commandIn(commit),
    login: commandIn(login),
  });
}

const commandIn = (told: HealthReading['by'] | HealthReading['version'] | Login): Command | undefined =>
  typeof told === 'object' && 'command' in told ? told.command : undefined;

const commandsOfMetrics = (plan: ResolvedPlan): Named =>
  Object.fromEntries(
    watchesOf(plan).flatMap(({ metrics }) =>
      metrics.flatMap(({ name, source }) => (source.kind === 'command' ? [[`metrics.${name}`, source.command]] : [])),
    ),
  );

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
