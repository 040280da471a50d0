/** What a page shows besides the report itself: drawn from the evidence, as far as it is there and is what it was. */

import type { Metric } from '../../contract/plan/metrics.js';
import { needed, watchedBy } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { Watch } from '../../contract/plan/watch.js';
import { samplesIn, seriesPath } from '../../domain/watch/series.js';
import type { ReportDocument } from '../content/document.js';
import { type EvidenceFolder, readEvidence } from '../content/evidence.js';
import type { ReportClock } from '../content/times.js';
import { type Latencies, readLatencies } from './latencies.js';
import { type IndexEvidence, readIndexEvidence } from './plans.js';
import type { Limit, Plot } from './plot.js';
import { latestMoment } from './timeline.js';

export interface View {
  watches: { monitor: ReportDocument['monitors'][number]; plots: Plot[]; note?: string }[];
  loads: (Latencies | { note: string })[];
  indexes: ({ title: string; evidence: IndexEvidence } | { note: string })[];
}

interface ViewContext {
  report: ReportDocument;
  plan: ResolvedPlan;
  place: EvidenceFolder;
  clock: ReportClock;
}

export async function viewOf(context: ViewContext): Promise<View> {
  const { report, place } = context;
  const watches = await Promise.all(report.monitors.map((monitor, index) => watchView(monitor, index, context)));
  const read = (path: string) =>
    readEvidence(
      place,
      path,
      report.evidence.find((reference) => reference.path === path),
    );
  const paths = report.evidence.map(({ path }) => path);
  const loads = paths.filter((path) => /^load\/[^/]+\.jsonl$/.test(path));
  const indexes = paths.filter((path) => path.endsWith('/indexes.json'));
  return {
    watches,
    loads: await Promise.all(
      loads.map(async (path, index) => loadView(path, index, { ...context, found: await read(path) })),
    ),
    indexes: await Promise.all(indexes.map(async (path) => indexView(path, { ...context, found: await read(path) }))),
  };
}

async function watchView(
  monitor: ReportDocument['monitors'][number],
  index: number,
  context: ViewContext,
): Promise<View['watches'][number]> {
  const { report, plan, place, clock } = context;
  const watch = watchedBy(plan, monitor.id);
  const path = seriesPath(monitor.id);
  const reference = report.evidence.find((one) => one.path === path);
  const found = await readEvidence(place, path, reference);
  if ('unused' in found || !watch) return { monitor, plots: [], note: 'unused' in found ? found.unused : undefined };
  const span = [monitor.startedAt, monitor.endedAt ?? Math.max(monitor.now ?? 0, latestMoment(report))] as const;
  const series = samplesIn(found.text, { from: span[0], to: span[1] });
  const plots = watch.metrics
    .filter(({ name }) => series.has(name))
    .map(
      (metric, position): Plot => ({
        id: `plot-${index}-${position}`,
        title: metric.title,
        unit: metric.unit,
        span,
        samples: series.get(metric.name) ?? [],
        limits: limitsOf(metric, watch, monitor),
        clock: (at) => clock.time(at).slice(0, span[1] - span[0] < 600_000 ? 8 : 5),
      }),
    );
  return {
    monitor,
    plots,
    ...(reference ? {} : { note: 'The series is not sealed yet: it has no sha256 to be checked against.' }),
  };
}

/** The rules on a metric; the same threshold is drawn once, for the strictest first. */
function limitsOf({ name }: Metric, watch: Watch, { criteria }: ReportDocument['monitors'][number]): Limit[] {
  return watch.criteria.flatMap(({ id, metric, title, breach }) => {
    const result = criteria.find((one) => one.id === id);
    if (metric !== name || !result) return [];
    const { rule, firedAt } = result;
    return [{ title, rule, ...breach, ...(firedAt === undefined ? {} : { firedAt }) }];
  });
}

type IndexProof = Awaited<ReturnType<typeof readEvidence>>;

function loadView(
  path: string,
  index: number,
  { plan, found }: ViewContext & { found: IndexProof },
): View['loads'][number] {
  if ('unused' in found) return { note: found.unused };
  const load = readLatencies(found.text);
  if (!load) return { note: `${path}: is not what a load test leaves` };
  const { p95, p99 } = needed(plan.loadLimits);
  const limits = [
    { q: 95, limit: p95 },
    { q: 99, limit: p99 },
  ];
  return { ...load, id: `load-${index}`, limits };
}

function indexView(path: string, { report, found }: ViewContext & { found: IndexProof }): View['indexes'][number] {
  if ('unused' in found) return { note: found.unused };
  const evidence = readIndexEvidence(found.text);
  const title = report.steps.find((step) => step.evidence.includes(path))?.title ?? path;
  return evidence ? { title, evidence } : { note: `${path}: is not what an index check leaves` };
}
