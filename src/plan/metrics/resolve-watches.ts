/** The soak and the watches, with their criteria and metrics filled in for the environment they look at. */
import type { EnvironmentName } from '../../contract/plan/environment.js';
import type { Watch } from '../../contract/plan/watch.js';
import { formatDuration } from '../../domain/duration.js';
import { metricsOf, type Trend } from '../../domain/trends/trend.js';
import { endsWatch } from '../../domain/watch/verdict.js';
import type { Path } from '../core/problems.js';
import { own, type Resolution as ResolutionOf } from '../core/resolution.js';
import { type CriterionOfAnyWatch, type CriterionSections, resolveCriteria } from './resolve-criteria.js';
import { checkAmount, checkMetric, fillMetric, type MetricSections, sampleCount, spacing } from './resolve-metrics.js';
import { resolveTrends, type TrendSections, watchTrends } from './resolve-trends.js';
import type { AuthoredCriterion, AuthoredSoak, AuthoredWatch } from './schema-watches.js';
import type { Places } from './sources/source.js';

/** Watches hold metrics against criteria and trends: all four are theirs. */
interface WatchSections extends MetricSections, CriterionSections, TrendSections {
  soak?: AuthoredSoak;
  watches?: (AuthoredWatch | undefined)[];
}
type Resolution = ResolutionOf<WatchSections>;

/** What the watches need of the rest of the plan. */
export interface Surroundings extends Places {
  /** Shorter durations asked for at `start`, by watch, milliseconds. */
  shorten: Record<string, number>;
}

export const SOAK = 'soak';

/** Where a plan says nothing of the question, as nothing in the watch asks it. */
const NEVER_ASKED: Watch['consider'] = { within: 15 * 60_000, otherwise: 'continue' };

/** Checks every metric and criterion once, then fills the watches. */
export function resolveWatches(resolution: Resolution, around: Surroundings): { soak?: Watch; watches: Watch[] } {
  const { metrics = {}, soak, watches = [] } = resolution.sections;
  for (const [name, metric] of Object.entries(metrics)) checkMetric(resolution, { name, metric });
  const criteria = resolveCriteria(resolution);
  const trends = resolveTrends(resolution);
  checkNames(resolution, around.shorten);
  return {
    soak:
      soak &&
      resolveWatch(resolution, {
        watch: { id: SOAK, ...soak },
        path: ['soak'],
        usual: 'staging',
        criteria,
        trends,
        around,
      }),
    watches: watches.flatMap((watch, index) =>
      watch === undefined
        ? []
        : [
            resolveWatch(resolution, {
              watch,
              path: ['watches', index],
              usual: 'production',
              criteria,
              trends,
              around,
            }),
          ],
    ),
  };
}

function checkNames(resolution: Resolution, shorten: Record<string, number>): void {
  const ids = (resolution.sections.watches ?? []).map((watch) => watch?.id);
  ids.forEach((id, index) => {
    if (id === SOAK || (id !== undefined && ids.indexOf(id) !== index)) {
      resolution.report(['watches', index, 'id'], `There is another watch \`${id}\`; give each its own id`);
    }
  });
  for (const id of Object.keys(shorten)) {
    if (id === SOAK || ids.includes(id) || ids.includes(undefined)) continue;
    resolution.report(
      ['watches'],
      `A shorter \`${id}\` was asked for, but there is none; known: ${[SOAK, ...ids].join(', ')}`,
    );
  }
}

interface WatchAt {
  watch: AuthoredWatch;
  path: Path;
  usual: EnvironmentName;
  criteria: Map<string, CriterionOfAnyWatch | undefined>;
  trends: Map<string, Trend | undefined>;
  around: Surroundings & Places;
}

function resolveWatch(resolution: Resolution, at: WatchAt): Watch {
  const { watch, path, usual, around } = at;
  const environment = watch.environment ?? usual;
  if (environment !== usual) {
    resolution.report([...path, 'environment'], `${usual === 'staging' ? 'The soak' : 'A watch'} looks at ${usual}`);
  }
  const duration = effectiveDuration(resolution, at);
  if (watch.tick > duration) {
    resolution.report([...path, 'tick'], `Is longer than the watch itself (${formatDuration(duration)})`);
  }
  if (usual === 'staging') checkNoRollback(resolution, at);
  const criteria = watch.criteria.flatMap((id, index) => {
    const from = [...path, 'criteria', index];
    if (watch.criteria.indexOf(id) !== index) resolution.report(from, `\`${id}\` is listed twice`);
    if (!resolution.knows(id, { at: ['criteria'], label: 'criterion', from })) return [];
    checkFit(resolution, { at, id, from, duration });
    const known = at.criteria.get(id);
    const criterion = known && usual === 'staging' ? onStaging(known) : known;
    return criterion
      ? [{ ...criterion, minimumSamples: leastSamples(resolution, criterion, { duration, tick: watch.tick }) }]
      : [];
  });
  watch.observe.forEach((name, index) => {
    resolution.knows(name, { at: ['metrics'], label: 'metric', from: [...path, 'observe', index] });
  });
  const trends = watchTrends(resolution, { ...watch, path, duration }, at.trends);
  const names = new Set([...criteria.map(({ metric }) => metric), ...watch.observe, ...trends.flatMap(metricsOf)]);
  for (const name of names) {
    const metric = own(resolution.sections.metrics, name);
    if (metric) checkAmount(resolution, { name, metric, tick: watch.tick, from: [...path, 'tick'] });
  }
  const metrics = [...names].flatMap((name) => fillMetric(resolution, { name, environment, around }) ?? []);
  const { id, title, tick, gate, consider = NEVER_ASKED } = watch;
  const asking = criteria.find((criterion) => !endsWatch(criterion, { environment, gate }));
  if (watch.consider === undefined && asking !== undefined) {
    resolution.report(
      path,
      `\`${asking.id}\` asks a person here: write \`consider\`, within which time and what happens then`,
    );
  }
  return { id, title, environment, duration, tick, metrics, criteria, trends, gate, consider };
}

/** What a criterion says, else half of what the watch takes: a metric that is mostly silent does not pass for a good one. */
function leastSamples(
  resolution: Resolution,
  { metric: name, minimumSamples }: CriterionOfAnyWatch,
  stretch: { duration: number; tick: number },
): number {
  const metric = own(resolution.sections.metrics, name);
  if (minimumSamples !== undefined || metric === undefined) return minimumSamples ?? 1;
  return Math.max(1, Math.floor(sampleCount(metric, stretch) / 2));
}

function effectiveDuration(resolution: Resolution, { watch, path, around }: WatchAt): number {
  const minimum = watch.minimum ?? watch.duration;
  if (minimum > watch.duration) {
    resolution.report([...path, 'minimum'], `Is longer than \`duration\` (${formatDuration(watch.duration)})`);
    return watch.duration;
  }
  const asked = own(around.shorten, watch.id);
  if (asked === undefined) return watch.duration;
  const from = [...path, watch.minimum === undefined ? 'duration' : 'minimum'];
  if (!Number.isInteger(asked) || asked > watch.duration) {
    resolution.report(from, `A watch can only be made shorter than the plan’s ${formatDuration(watch.duration)}`);
  } else if (asked < minimum) {
    const allowed =
      watch.minimum === undefined
        ? 'the plan does not allow to shorten it'
        : `the plan allows no less than ${formatDuration(minimum)}`;
    resolution.report(from, `\`${watch.id}\` was asked to last ${formatDuration(asked)}, but ${allowed}`);
  } else {
    return asked;
  }
  return watch.duration;
}

/** What would roll production back is a gate of the soak: the same rule holds in both. */
function onStaging(criterion: CriterionOfAnyWatch): CriterionOfAnyWatch {
  if (criterion.tier !== 'rollback') return criterion;
  const { rollback: _, ...rest } = criterion;
  return { ...rest, tier: 'require' };
}

/** On staging nothing is rolled back: a soak that fails stops before production. */
function checkNoRollback(resolution: Resolution, { watch, path }: WatchAt): void {
  const message = 'Staging is not rolled back; write ask (the deployment stops and asks)';
  if (watch.gate === 'rollback') resolution.report([...path, 'gate'], message);
  if (watch.consider?.otherwise === 'rollback') {
    resolution.report([...path, 'consider', 'otherwise'], 'Staging is not rolled back; write continue');
  }
}

interface Fit {
  at: WatchAt;
  id: string;
  from: Path;
  duration: number;
}

/** Whether the watch is long enough, and sampled often enough, for a criterion to say anything. */
function checkFit(resolution: Resolution, { at, id, from, duration }: Fit): void {
  const criterion = own(resolution.sections.criteria as Record<string, AuthoredCriterion> | undefined, id);
  if (criterion === undefined) return;
  const { tick } = at.watch;
  if (criterion.for > duration) {
    resolution.report(
      from,
      `\`${id}\` lasts ${formatDuration(criterion.for)}, longer than this watch (${formatDuration(duration)}): it could never fire`,
    );
  }
  const metric = own(resolution.sections.metrics, criterion.metric);
  const every = metric ? spacing(metric, tick) : tick;
  if (criterion.for > 0 && every > criterion.for) {
    const shorten = every === tick ? '`tick`' : '`resolution`';
    resolution.report(
      from,
      `\`${id}\` lasts ${formatDuration(criterion.for)}, but this watch samples every ${formatDuration(every)}: shorten ${shorten} or lengthen \`for\``,
    );
  }
  const samples = metric ? sampleCount(metric, { duration, tick }) : Math.floor(duration / tick);
  if (tick <= duration && (criterion.minimumSamples ?? 0) > samples) {
    resolution.report(from, `\`${id}\` needs ${criterion.minimumSamples} samples, and this watch takes ${samples}`);
  }
}
