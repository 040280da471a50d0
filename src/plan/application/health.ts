/** The health check: what a plan may write, and what becomes of it in each environment. */
import { z } from 'zod';
import type { HealthReading, Told } from '../../contract/plan/application.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment, EnvironmentName } from '../../contract/plan/environment.js';
import { duration, pattern, reference, strict, text, urlPath } from '../core/basics.js';
import { WORKER_FOLDER, workerFolder } from '../core/command-folder.js';
import { onlyEnvironment } from '../core/own-placeholders.js';
import type { Path } from '../core/problems.js';
import type { MachineMaps, Resolution as ResolutionOf } from '../core/resolution.js';

const command = (what: string) =>
  strict({
    run: z
      .array(text(), { error: 'Write the command as a list of arguments: [bin/health, "{environment}"]' })
      .min(1, 'The command is empty')
      .describe('Program and arguments; `{environment}` is filled in. No shell reads it, and it runs on the worker'),
    in: reference('folders').optional().describe(WORKER_FOLDER),
    timeout: duration().prefault('5s').describe('Longest time it may take'),
  }).describe(what);

const field = text().describe('Field path in the JSON of the answer');
const header = text().describe('Header of the answer');

const PLACES = [
  strict({ field }),
  strict({ header }),
  strict({ text: pattern().describe('Regular expression (RE2) over the answer; its first group is what is told') }),
  strict({ command: command('A command that prints it on one line') }),
] as const;

const runs = command(
  'For an application that does not tell its version: a command that ends with 0 where `{version}` runs, and not where another does',
);

export const health = strict({
  path: urlPath().optional().describe('Path that answers when all is well'),
  port: z
    .int()
    .min(1, 'Not a port')
    .max(65_535, 'Not a port')
    .optional()
    .describe('Instead of a path: a TCP port of the `api`’s host that takes connections when all is well'),
  command: command('Instead of a path: a command that ends with 0 when all is well').optional(),
  status: z
    .int()
    .min(100, 'Not an HTTP status')
    .max(599, 'Not an HTTP status')
    .optional()
    .describe('Status of the path’s answer; 200 when left out'),
  expect: z
    .union(
      [
        strict({ field, is: text().describe('Its value') }),
        strict({ header, is: text().describe('Its value') }),
        strict({ text: pattern().describe('Regular expression (RE2) that the answer must match') }),
      ],
      { error: 'Write field and is, header and is, or text' },
    )
    .optional()
    .describe('What the path’s answer must say besides'),
  version: z
    .union([...PLACES, strict({ runs }), z.literal('none')], {
      error: 'Write one of field, header, text, command, runs, or none',
    })
    .optional()
    .describe(
      'Where the version is told; `field: version` when left out. `none`: nowhere. Then a start since the deploy began is the proof of a release, where `startedAt` says when that was, and otherwise nothing but the end of the deploy command is; `release.previous` has to be said',
    ),
  commit: z
    .union(PLACES, { error: 'Write one of field, header, text, command' })
    .optional()
    .describe(
      'Where the commit that runs is told, in full or at least seven characters of it: the proof that it is the one that was signed off, wherever a branch is deployed. Not asked for when left out',
    ),
  startedAt: z
    .union(PLACES, { error: 'Write one of field, header, text, command' })
    .optional()
    .describe('Where the time of the start is told; `field: started_at` when left out'),
  within: duration().prefault('2m').describe('How long to wait for it after a deploy'),
});

export type AuthoredHealth = z.output<typeof health>;
type AuthoredTold = NonNullable<AuthoredHealth['startedAt']>;
type AuthoredVersion = NonNullable<AuthoredHealth['version']>;
type AuthoredHealthCommand = NonNullable<AuthoredHealth['command']>;
type Resolution = ResolutionOf<MachineMaps & { health?: AuthoredHealth; release?: { repository?: string } }>;

/** Reports what does not go together. */
export function checkHealth(resolution: Resolution): void {
  const { health: authored } = resolution.sections;
  if (authored === undefined) return;
  const { path, port, command: run, version, startedAt, commit } = authored;
  if ([path, port, run].filter((means) => means !== undefined).length !== 1) {
    resolution.report(['health'], 'Write exactly one of path, port, command');
    return;
  }
  if (commit !== undefined && !resolution.has(['release', 'repository'])) {
    const message = 'Needs `release.repository`, which tells the commit that is to run: name it, or leave this out';
    resolution.report(['health', 'commit'], { message, key: true });
  }
  if (path !== undefined) return;
  for (const key of ['status', 'expect'] as const) {
    if (authored[key] !== undefined) resolution.report(['health', key], 'Only the answer of a `path` has it');
  }
  if (version === undefined || isInAnswer(version)) {
    const message =
      'Without a `path` there is no answer that tells the version: write `version: { command: … }`, or `none`';
    resolution.report(version === undefined ? ['health'] : ['health', 'version'], message);
  }
  const untold = { startedAt: version === 'none' ? startedAt : undefined, commit };
  for (const [key, place] of Object.entries(untold)) {
    if (place === undefined || !isInAnswer(place)) continue;
    const message = `Without a \`path\` there is no answer that tells it: write \`${key}: { command: … }\``;
    resolution.report(['health', key], message);
  }
}

const isInAnswer = (place: AuthoredVersion): boolean => place !== 'none' && !('command' in place || 'runs' in place);

/** How the health check is read in an environment; undefined where it is as usual. */
export function resolveHealth(resolution: Resolution, environment: EnvironmentName): HealthReading | undefined {
  const { health: authored } = resolution.sections;
  if (authored === undefined) return undefined;
  const { port, status, expect, version, startedAt, commit } = authored;
  const filled = (written: AuthoredHealthCommand, from: Path, known: string[] = []): Command => {
    onlyEnvironment(resolution, written.run, [...from, 'run'], known);
    const run = written.run.map((argument) => argument.replaceAll('{environment}', environment));
    return {
      run,
      on: 'worker',
      folder: workerFolder(resolution, written.in, [...from, 'in']),
      timeout: written.timeout,
    };
  };
  const place = (written: AuthoredTold, from: Path): Told =>
    'command' in written ? { command: filled(written.command, [...from, 'command']) } : written;
  const versionOf = (written: AuthoredVersion): HealthReading['version'] => {
    if (written === 'none') return written;
    const from = ['health', 'version'];
    if (!('runs' in written)) return place(written, from);
    const run = [...from, 'runs', 'run'];
    if (!written.runs.run.some((argument) => argument.includes('{version}')))
      resolution.report(run, 'Holds no `{version}`, so it would say the same of each');
    return { runs: filled(written.runs, [...from, 'runs'], ['version']) };
  };
  const reading: HealthReading = {
    ...(port === undefined ? {} : { by: { port } }),
    ...(authored.command === undefined ? {} : { by: { command: filled(authored.command, ['health', 'command']) } }),
    ...(status === undefined ? {} : { status }),
    ...(expect === undefined ? {} : { expect }),
    ...(version === undefined ? {} : { version: versionOf(version) }),
    ...(startedAt === undefined ? {} : { startedAt: place(startedAt, ['health', 'startedAt']) }),
    ...(commit === undefined ? {} : { commit: place(commit, ['health', 'commit']) }),
  };
  return Object.keys(reading).length === 0 ? undefined : reading;
}

/** Its commands find the environment's tools and variables, as other commands do. */
export function withTools(reading: HealthReading, { tools, variables }: Environment): HealthReading {
  const { by, version = {}, startedAt = {}, commit = {} } = reading;
  const places = [by ?? {}, version === 'none' ? {} : version, startedAt, commit];
  const isCommand = places.some((place) => 'command' in place || 'runs' in place);
  if (!isCommand) return reading;
  return { ...reading, ...(tools.length > 0 && { tools }), ...(variables && { variables }) };
}
