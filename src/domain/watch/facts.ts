/** What a watch has established: one fact for each of its criteria and trends, whatever happened. */
import type { Attestation, Fact } from '../evidence.js';
import { rounded } from '../rounded.js';
import type { CriterionResult } from './criteria.js';

export interface WatchEnd {
  criteria: readonly CriterionResult[];
  /** Those among them that are trends: their reason tells what was seen. */
  trends: readonly string[];
  /** A breach has ended the watch before its time. */
  endedEarly: boolean;
  /** Who carried on despite a breach, by criterion. */
  waivers: ReadonlyMap<string, Attestation>;
}

/**
 * A broken criterion stays broken when a person carries on despite it: its fact does not hold, and the person stands
 * for it. Tier `consider` is no gate: its facts are advisory.
 */
export function watchFacts({ criteria, trends, endedEarly, waivers }: WatchEnd): Fact[] {
  return criteria.map((criterion) => {
    const { id, tier, verdict } = criterion;
    const ok = verdict === 'healthy';
    const fact: Fact = { name: id, ok, text: factText(criterion, { isTrend: trends.includes(id), endedEarly }) };
    const by = ok ? undefined : waivers.get(id);
    if (by) fact.by = by;
    if (verdict === 'unknown') fact.unknown = true;
    if (tier === 'consider') fact.advisory = true;
    return fact;
  });
}

function factText(criterion: CriterionResult, { isTrend, endedEarly }: { isTrend: boolean; endedEarly: boolean }) {
  const { title, verdict, samples, worst, unit, rule, reason } = criterion;
  const said = verdict === 'unknown' && endedEarly ? UNDECIDED : verdict;
  const seen = isTrend
    ? reason === undefined || said === UNDECIDED
      ? ''
      : `, ${reason}`
    : `, ${samples} samples${worst === undefined ? '' : `, worst ${rounded(worst)} ${unit}`}`;
  const why = !isTrend && verdict === 'unknown' && reason !== undefined ? `, ${reason}` : '';
  return `${title}: ${said}${seen} (breach: ${rule})${why}`;
}

/** What a verdict is called that the watch had no time for. */
const UNDECIDED = 'undecided: the watch ended early';
