/** Migrations of a simulated world: it knows at which revision each database is, and what was lost on the way. */
import { createHash } from 'node:crypto';
import { releaseFact } from '../../activities/production-found.js';
import type { Activities } from '../../contract/activities/activities.js';
import type { ExpectedProduction } from '../../contract/activities/commands.js';
import { tellsRelease } from '../../contract/plan/proof-of-release.js';
import { formatDuration } from '../../domain/duration.js';
import type { Fact } from '../../domain/evidence.js';
import type { World } from '../world/world.js';
import { current, type Find, perform, simulatedReport } from './performing.js';
import { isFine } from './steps.js';

type Input = Parameters<Activities['migrate']>[0];
type Made = Awaited<ReturnType<Activities['migrate']>>;

export function simulateMigrations(
  find: Find,
): Pick<Activities, 'migrate' | 'readRevision' | 'storedRevision' | 'checkProduction'> {
  const revision: Activities['readRevision'] = async ({ environment }) =>
    current(find).world.environments[environment.name].revision;
  return {
    migrate: async (input) => {
      const { world } = current(find);
      const run = runOf(world, input);
      const { key } = input;
      return perform(find, { activity: 'migrate', key, takes: run.takes }, () => carryOut(world, input, run));
    },
    readRevision: revision,
    storedRevision: revision,
    checkProduction: async ({ key, environment, expected }) => {
      const { world } = current(find);
      const report = await perform(find, { activity: 'checkProduction', key }, () =>
        foundReport(world.environments[environment.name], expected, tellsRelease(environment.health)),
      );
      // What the scenario has made unknown has not been found.
      const isSeen = (name: string) => world.ruleFor(key)?.fails?.includes(name) !== true;
      const { version, revision } = world.environments[environment.name];
      const commit = environment.health?.commit && createHash('sha1').update(`the release ${version}`).digest('hex');
      const release = { version, ...(commit && { commit }) };
      return { ...report, found: { ...(isSeen('version') && release), ...(isSeen('revision') && { revision }) } };
    },
  };
}

function foundReport(
  { version, revision }: World['environments']['production'],
  expected: ExpectedProduction,
  isTold: boolean,
) {
  const isSame = expected.revision === undefined || revision === expected.revision;
  return simulatedReport([
    ...(isTold ? [releaseFact({ version }, expected)] : []),
    { name: 'revision', ok: isSame, text: `production's database is at ${revision}` },
    { name: 'maintenance', ok: true, text: 'production is not in maintenance mode' },
  ]);
}

interface MigrationRun {
  takes: number;
  failure?: string;
  warnings: string[];
}

/** How the scenario lets this one go. The way back on staging is the trial of it. */
function runOf(world: World, { key, environment, direction }: Input): MigrationRun {
  const { migration } = world.scenario.world;
  const isMain = key.step === `${environment.name}.migration`;
  const rule = isMain ? migration?.[environment.name] : undefined;
  const isTrial = direction.kind === 'downgrade' && key.step.startsWith('staging.reversibility');
  const failure =
    rule?.fails ?? (isTrial && migration?.downgrade === 'fails' ? 'the downgrade fails in this scenario' : undefined);
  return { takes: Math.max(rule?.takes ?? 0, world.ruleFor(key)?.takes ?? 0), failure, warnings: rule?.warnings ?? [] };
}

function carryOut(
  world: World,
  { key, environment, migration, direction, within, stock }: Input,
  run: MigrationRun,
): Made {
  const state = world.environments[environment.name];
  const before = state.revision;
  const target = direction.kind === 'upgrade' ? migration.revision : (direction.to ?? world.previousRevision);
  const { failure, warnings, takes } = run;
  if (failure === undefined && isFine(world, key)) state.revision = target;
  const after = state.revision;
  const fact = (name: string, ok: boolean, text: string): Fact => ({ name, ok, text });
  const facts = [
    fact('ran', failure === undefined, failure ?? `${direction.kind} ended without error`),
    fact('revision', after === target, `revision ${before} → ${after}, expected ${target}`),
    fact('heads', true, 'one head'),
    fact(
      'warnings',
      warnings.length === 0,
      warnings.length === 0 ? 'no warnings' : `${warnings.length} warnings: ${warnings[0]}`,
    ),
    fact('schema', true, `schema of ${after}`),
    fact('leftovers', true, 'no invalid index in the database'),
  ];
  if (within !== undefined) {
    facts.push(
      fact(
        'duration',
        failure === undefined && takes <= within,
        `${formatDuration(takes)} (longest ${formatDuration(within)})`,
      ),
    );
  }
  return {
    summary: `${direction.kind}: ${before} → ${after}`,
    facts,
    evidence: [],
    before,
    after,
    milliseconds: takes,
    schema: { before: `schema of ${before}`, after: `schema of ${after}` },
    ...(stock && direction.kind === 'upgrade'
      ? { added: world.scenario.world.migration?.adds ?? { tables: [], columns: [] } }
      : {}),
    ...(stock?.since ? { compared: comparedBy(world, direction.kind) } : {}),
  };
}

function comparedBy({ scenario }: World, kind: 'upgrade' | 'downgrade'): NonNullable<Made['compared']> {
  const shows = kind === 'downgrade' ? scenario.world.migration?.downgrade : undefined;
  return {
    schema: shows === 'differs' ? 'an object of the old schema is missing' : '',
    lost: shows === 'loses' ? ['rows of a table of the old schema'] : [],
  };
}
