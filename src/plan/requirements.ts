/** What a part of the plan rests on: where that is not there, the part has to go, or that has to be named. */
import { rollbackOptions } from '../contract/plan/parts.js';
import { formatPath, type Path } from './core/problems.js';
import type { MachineMaps, Resolution as ResolutionOf } from './core/resolution.js';

type Commands = Record<string, unknown>;

interface CheckedSections extends MachineMaps {
  commands?: Commands;
  migration?: Commands;
  backup?: { by?: string; scratch?: object };
  production?: { maintenance: { enabled: boolean }; restart: boolean };
  rollback?: { onStepFailure?: string; pin?: string };
  criteria?: Record<string, { rollback?: string }>;
}
type Resolution = ResolutionOf<CheckedSections>;

interface Requirement {
  part: Path;
  needs: Path;
  /** Only where this is there. */
  where?: Path;
  /** What whoever does not have it can do. */
  instead?: string;
}

const STAGING = ['environments', 'staging'];
const PRODUCTION = ['environments', 'production'];
const ON_STAGING: Path[] = [
  ['functional'],
  ['load'],
  ['apiDocumentation'],
  ['soak'],
  ['confirmations', 'staging'],
  ['checks', 'staging'],
  ['prerequisites', 'minimumRows'],
];

/** Databases of plans are PostgreSQL's. */
function ofDatabase(part: Path, instead?: string): Requirement[] {
  return [
    { part, needs: [...STAGING, 'database'], where: STAGING, instead },
    { part, needs: [...PRODUCTION, 'database'], where: PRODUCTION, instead },
  ];
}

const REQUIREMENTS: Requirement[] = [
  ...ON_STAGING.map((part) => ({ part, needs: STAGING })),
  { part: ['prerequisites', 'minimumRows'], needs: [...STAGING, 'database'], where: STAGING },
  { part: ['apiDocumentation'], needs: [...STAGING, 'login'], where: STAGING },
  ...ofDatabase(['migration'], 'let `commands.deploy` migrate one that is not PostgreSQL’s'),
  ...ofDatabase(['indexes']),
  { part: ['checks', 'soak'], needs: ['soak'] },
  { part: ['release', 'branch'], needs: ['release', 'repository'] },
  { part: ['release', 'files'], needs: ['release', 'repository'] },
  { part: ['review'], needs: ['release', 'repository'] },
  { part: ['logs'], needs: ['commands', 'logs'] },
  { part: ['commands', 'logs'], needs: ['logs'] },
  { part: ['production', 'loadTest'], needs: ['load'] },
  // Whether users feel it is seen by the criteria of the last one.
  { part: ['production', 'loadTest'], needs: ['watches'] },
  { part: ['rollback', 'previousChecks'], needs: ['smoke'] },
];

export function checkRequirements(resolution: Resolution): void {
  const isDump = !resolution.has(['backup', 'by']) || resolution.sections.backup?.by === 'pg_dump';
  const dumps = isDump ? ofDatabase(['backup'], 'back up one that is not PostgreSQL’s `by: commands`') : [];
  for (const { part, needs, where, instead } of [...REQUIREMENTS, ...dumps]) {
    if (where === undefined || resolution.has(where)) check(resolution, part, needs, instead);
  }
  const { maintenance, restart } = resolution.sections.production ?? {};
  if (maintenance?.enabled) {
    const part = ['production', 'maintenance', 'enabled'];
    check(resolution, part, ['commands', 'maintenanceOn']);
    check(resolution, part, ['commands', 'maintenanceOff']);
  }
  if (restart) check(resolution, ['production', 'restart'], ['commands', 'restartService']);
  checkOptions(resolution);
  checkFolders(resolution);
}

/** `in: application` is a folder of each environment, and so it is where a command on the server says none. */
function checkFolders(resolution: Resolution): void {
  const { commands, migration, backup } = resolution.sections;
  const holders: [Path, object | undefined][] = [
    [['commands'], commands],
    [['migration'], migration],
    [['backup'], backup],
    [['backup', 'scratch'], backup?.scratch],
  ];
  for (const [section, held] of holders) {
    for (const [name, command] of Object.entries(held ?? {})) {
      const part = inApplication(command);
      if (part === undefined) continue;
      for (const environment of [STAGING, PRODUCTION]) {
        if (resolution.has(environment)) check(resolution, [...section, name, part], [...environment, 'application']);
      }
    }
  }
}

/** The key of a command by which it runs in the application's folder. */
function inApplication(command: unknown): 'in' | 'on' | undefined {
  if (typeof command !== 'object' || command === null || !('on' in command)) return undefined;
  const folder = 'in' in command ? command.in : undefined;
  if (folder === 'application') return 'in';
  return folder === undefined && command.on === 'server' ? 'on' : undefined;
}

function check(resolution: Resolution, part: Path, needs: Path, instead?: string): void {
  if (!resolution.has(part) || resolution.has(needs)) return;
  const message = `Needs \`${formatPath(needs)}\`, which this plan does not have: name it, or leave this out`;
  resolution.report(part, instead === undefined ? message : `${message}; ${instead}`);
}

/** Without a migration there is only the code to take back. */
function checkOptions(resolution: Resolution): void {
  if (resolution.has(['migration'])) return;
  const known: string[] = rollbackOptions({});
  const { rollback = {}, criteria = {} } = resolution.sections;
  const named: [Path, string | undefined][] = [
    [['rollback', 'onStepFailure'], rollback.onStepFailure],
    [['rollback', 'pin'], rollback.pin],
    ...Object.entries(criteria).map(([id, one]): [Path, string | undefined] => [
      ['criteria', id, 'rollback'],
      one.rollback,
    ]),
  ];
  for (const [path, option] of named) {
    if (option === undefined || known.includes(option)) continue;
    resolution.report(path, `\`${option}\` undoes a migration, and this plan has none: write ${known.join(' or ')}`);
  }
}
