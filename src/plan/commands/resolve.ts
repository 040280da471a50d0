/** Commands: their folders, and the placeholders that each may have. */
import type { Command, Commands } from '../../contract/plan/commands.js';
import type { Server } from '../../contract/plan/environment.js';
import type { Migration } from '../../contract/plan/migration.js';
import { OPEN } from '../../contract/plan/release-values.js';
import { KNOWN_TOOLS } from '../../domain/migration/migration-tools.js';
import { placeholder } from '../../domain/placeholder.js';
import { unnamedFolder } from '../core/command-folder.js';
import type { Path } from '../core/problems.js';
import type { MachineMaps, Resolution as ResolutionOf } from '../core/resolution.js';
import { editDistance, nearest } from '../core/suggest.js';
import type { AuthoredCommand, AuthoredCommands, AuthoredMigration } from './schema.js';

interface CommandSections extends MachineMaps {
  commands?: Partial<AuthoredCommands>;
  migration?: AuthoredMigration;
}
type Resolution = ResolutionOf<CommandSections>;

/** Stands for the environment's application folder until the command is run. */
export const APPLICATION_FOLDER = '{application}';

/** What can be filled in, by command; `{environment}` everywhere. */
const PLACEHOLDERS: Record<keyof Commands | 'current' | 'heads' | 'upgrade' | 'downgrade', string[]> = {
  deploy: ['environment', 'version', 'commit'],
  waitForHealth: ['environment', 'url', 'seconds'],
  logs: ['environment'],
  restartService: ['environment'],
  restartWorkers: ['environment'],
  maintenanceOn: ['environment'],
  maintenanceOff: ['environment'],
  databaseMonitor: ['environment'],
  metricsReport: ['environment'],
  current: ['environment'],
  heads: ['environment'],
  upgrade: ['environment', 'revision'],
  downgrade: ['environment', 'revision'],
};

/** Without one of these a command can't do what it is there for. */
const NEEDED: Partial<Record<keyof typeof PLACEHOLDERS, string[]>> = {
  deploy: ['version', 'commit'],
  downgrade: ['revision'],
};

const fillingOf = (key: keyof typeof PLACEHOLDERS) => ({ known: PLACEHOLDERS[key], needed: NEEDED[key] });

export function resolveCommands(resolution: Resolution, servers: Server[]): Partial<Commands> {
  const commands: Partial<Commands> = {};
  for (const [name, command] of Object.entries(resolution.sections.commands ?? {})) {
    if (command === undefined) continue;
    const key = name as keyof Commands;
    commands[key] = resolveCommand(resolution, { ...fillingOf(key), command, path: ['commands', name], servers });
  }
  return commands;
}

export function resolveMigration(resolution: Resolution, servers: Server[]): Migration | undefined {
  const { migration } = resolution.sections;
  if (migration === undefined) return undefined;
  const { current, heads, revision = OPEN.revision, ...rest } = migration;
  checkTool(resolution, migration);
  const resolved = (key: 'current' | 'heads' | 'upgrade' | 'downgrade', command: AuthoredCommand) =>
    resolveCommand(resolution, { ...fillingOf(key), command, path: ['migration', key], servers });
  const made: Migration = {
    ...rest,
    revision,
    ...(current ? { current: resolved('current', current) } : {}),
    ...(heads ? { heads: resolved('heads', heads) } : {}),
    upgrade: resolved('upgrade', migration.upgrade),
    downgrade: resolved('downgrade', migration.downgrade),
  };
  checkFirst(resolution, made);
  return made;
}

/** Any tool may be named, but a slip in the name of a known one would have its output read as any tool's. */
function checkTool(resolution: Resolution, { tool, current, query }: AuthoredMigration): void {
  const isKnown = KNOWN_TOOLS.includes(tool);
  if (isKnown && query !== undefined) {
    const message = `The table of ${tool} is known, and is asked by itself: leave this out`;
    resolution.report(['migration', 'query'], { message, key: true });
  }
  if (current === undefined && (isKnown || query === undefined)) {
    const other = isKnown ? '' : ', a command that prints the revision; or write `query`, one SELECT that gives it';
    resolution.report(['migration', 'current'], `\`current\` is missing${other}`);
  }
  const suggestion = KNOWN_TOOLS.find((known) => known !== tool && editDistance(known, tool.toLowerCase()) <= 1);
  if (suggestion === undefined) return;
  resolution.report(['migration', 'tool'], { message: `\`${tool}\` is no tool that is known by itself`, suggestion });
}

/** Before the deploy the application's folder may still be the previous release's. */
function checkFirst(resolution: Resolution, { when, upgrade, heads }: Migration): void {
  if (when !== 'before-deploy') return;
  const message =
    'Is run before the deploy, in the application’s folder: it has to find the new release’s migrations there';
  for (const [name, command] of Object.entries({ heads, upgrade })) {
    if (command?.folder === APPLICATION_FOLDER) resolution.warn(['migration', name], message);
  }
}

interface CommandAt {
  command: AuthoredCommand;
  path: Path;
  servers: Server[];
  /** What can be filled in. */
  known: string[];
  /** Without one of them the command can't do what it is there for. */
  needed?: string[];
}

export function resolveCommand(resolution: ResolutionOf, at: CommandAt): Command {
  const { command, path } = at;
  checkPlaceholders(resolution, at);
  const { run, on, timeout } = command;
  return { run, on, folder: commandFolder(resolution, at), timeout };

  function commandFolder(context: ResolutionOf, { servers }: CommandAt): string {
    const from = [...path, 'in'];
    if (command.in === undefined) return on === 'server' ? APPLICATION_FOLDER : unnamedFolder(context, path);
    if (command.in === 'application') {
      if (on === 'server') return APPLICATION_FOLDER;
      context.report(from, '`application` is a folder on the server: add `on: server`, or name one of `folders`');
      return '';
    }
    return context.folderOn(on === 'server' ? servers.find(({ kind }) => kind === 'ssh') : undefined, command.in, from);
  }
}

function checkPlaceholders(resolution: ResolutionOf, { known, needed, command, path }: CommandAt): void {
  const list = known.map((name) => `{${name}}`).join(', ');
  command.run.forEach((argument, index) => {
    const at = [...path, 'run', index];
    for (const [written, name = ''] of argument.matchAll(placeholder())) {
      if (!known.includes(name)) {
        const near = nearest(name, known);
        resolution.report(at, {
          message: `\`${written}\` is not filled in here; known: ${list}`,
          suggestion: near === undefined ? undefined : `{${near}}`,
        });
      } else if (index === 0) {
        resolution.report(at, 'The program itself can’t be a placeholder: write its name');
      } else if (name === 'commit' && !resolution.has(['release', 'repository'])) {
        resolution.report(at, 'Nothing tells which commit that is: name `release.repository`, or leave it out');
      }
    }
  });
  if (needed && !command.run.some((argument) => needed.some((name) => argument.includes(`{${name}}`)))) {
    resolution.report([...path, 'run'], `Holds no \`{${needed[0]}}\`, so it would always do the same`);
  }
  if (command.run[0]?.startsWith('-')) resolution.report([...path, 'run', 0], 'The program’s name begins with "-"');
}
