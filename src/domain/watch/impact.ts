/** Whether users felt a load test of production (checklist 4.4: sem impacto em usuários reais). Pure. */
import type { Fact } from '../evidence.js';
import { type Criterion, readSample, ruleText, type Sample } from './criteria.js';

/** Samples of metrics by name, taken during and right after the test. */
export type Samples = Record<string, Sample[]>;

/** The criteria of which no sample says anything yet. */
export const silentCriteria = (criteria: readonly Criterion[], samples: Samples): Criterion[] =>
  criteria.filter((criterion) => readings(criterion, samples).every((verdict) => verdict === 'unknown'));

/** One breaching sample is an impact, however short: the test is shorter than most rules' `for`. Silence is no proof. */
export function judgeImpact(criteria: readonly Criterion[], samples: Samples): Fact {
  const breached = criteria.filter((criterion) => readings(criterion, samples).includes('breached'));
  const silent = silentCriteria(criteria, samples);
  const told = (list: readonly Criterion[]) => list.map((criterion) => impactText(criterion, samples)).join('; ');
  const fact = (ok: boolean, text: string): Fact => ({ name: 'impact', ok, text });
  if (breached.length > 0) return fact(false, `users felt it: ${told(breached)}`);
  if (silent.length > 0) return fact(false, `nothing is known of ${silent.map(({ title }) => title).join('; ')}`);
  if (criteria.length === 0) return fact(false, 'the plan names no criterion that would show it');
  return fact(true, `no impact seen: ${told(criteria)}`);
}

const readings = (criterion: Criterion, samples: Samples) =>
  (samples[criterion.metric] ?? []).map((sample) => readSample(criterion, sample));

/** `Taxa de erro < 0.5%: at worst 0.1 % (breach: >= 0.5 %)`. */
function impactText(criterion: Criterion, samples: Samples): string {
  const values = (samples[criterion.metric] ?? []).flatMap((sample) => (sample.kind === 'ok' ? [sample.value] : []));
  const { breach, title, unit } = criterion;
  const worst = breach.comparison.startsWith('>') ? Math.max(...values) : Math.min(...values);
  const seen = values.length > 0 ? `at worst ${Number(worst.toFixed(2))} ${unit}` : 'no number';
  return `${title}: ${seen} (breach: ${ruleText({ ...criterion, for: 0 }, '')})`;
}
