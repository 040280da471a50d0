/** Criteria: rules over metrics, in the metric's unit, as what must not be. */
import type { Criterion } from '../../domain/watch/criteria.js';
import { type MachineMaps, own, type Resolution as ResolutionOf } from '../core/resolution.js';
import { comparableUnits, convert, isUnit, NEGATED, parseThreshold } from '../core/units.js';
import type { AuthoredCriterion } from './schema-watches.js';
import type { AuthoredMetric } from './sources/registry.js';

export interface CriterionSections extends MachineMaps {
  metrics?: Record<string, AuthoredMetric>;
  criteria?: Record<string, AuthoredCriterion>;
}
type Resolution = ResolutionOf<CriterionSections>;

/** Every criterion in its metric's unit; undefined for those that are wrong, which are reported. */
export function resolveCriteria(resolution: Resolution): Map<string, Criterion | undefined> {
  const authored = Object.entries(resolution.sections.criteria ?? {});
  return new Map(authored.map(([id, criterion]) => [id, resolveCriterion(resolution, { id, criterion })]));
}

function resolveCriterion(
  resolution: Resolution,
  { id, criterion }: { id: string; criterion: AuthoredCriterion },
): Criterion | undefined {
  const path = ['criteria', id];
  const { breach, expect, tier, rollback, ...rest } = criterion;
  if (tier === 'rollback' && rollback === undefined) {
    const message = 'Tier rollback needs `rollback`: write migration, code or full';
    resolution.report([...path, 'tier'], message);
  }
  const isKnown = resolution.knows(criterion.metric, { at: ['metrics'], label: 'metric', from: [...path, 'metric'] });
  if ((breach === undefined) === (expect === undefined)) {
    const message = 'Write exactly one of `breach` (what must not be: "> 10 %") and `expect` (what must be: "< 1 %")';
    resolution.report(path, { message, key: true });
    return undefined;
  }
  const key = breach === undefined ? 'expect' : 'breach';
  const metric = isKnown ? own(resolution.sections.metrics, criterion.metric) : undefined;
  const example = `${breach === undefined ? '<' : '>'} 10 ${metric?.unit ?? '%'}`;
  const threshold = parseThreshold(breach ?? expect ?? '', example);
  if ('wrong' in threshold) {
    resolution.report([...path, key], threshold.wrong);
    return undefined;
  }
  if (metric === undefined || !isUnit(metric.unit)) return undefined;
  const value = convert(threshold, metric.unit);
  if (value === undefined) {
    const units = comparableUnits(metric.unit).map((unit) => `"${unit}"`);
    const message = `"${threshold.unit}" can’t be compared with \`${criterion.metric}\`, which is in "${metric.unit}"; write it in ${units.join(' or ')}`;
    resolution.report([...path, key], message);
    return undefined;
  }
  const comparison = key === 'breach' ? threshold.comparison : NEGATED[threshold.comparison];
  const resolved: Criterion = { id, ...rest, unit: metric.unit, breach: { comparison, threshold: value }, tier };
  if (rollback !== undefined) resolved.rollback = rollback;
  return resolved;
}
