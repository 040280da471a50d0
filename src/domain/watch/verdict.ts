/** What a watch makes of its criteria: the same for a watch that runs and for recorded samples. */
import { formatDuration } from '../duration.js';
import { rounded } from '../rounded.js';
import { type Criterion, type CriterionResult, type CriterionState, ruleText, verdict } from './criteria.js';
import { blindText, isMostlyBlind } from './sight.js';

/** As far as it matters here. */
export interface WatchedEnvironment {
  environment: 'staging' | 'production';
  /** What a broken `require` criterion leads to while production is watched. */
  gate: 'rollback' | 'ask';
}

/** rollback always ends a watch; a broken gate does where the plan says so, and on staging, where the soak has failed. */
export function endsWatch({ tier }: Pick<Criterion, 'tier'>, watch: WatchedEnvironment): boolean {
  if (tier === 'rollback') return true;
  return tier === 'require' && (watch.gate === 'rollback' || watch.environment === 'staging');
}

export const criterionResultOf = (criterion: Criterion, state: CriterionState): CriterionResult => ({
  id: criterion.id,
  title: criterion.title,
  tier: criterion.tier,
  verdict: verdict(criterion, state),
  samples: state.healthy + state.breached + state.unknown,
  unknown: state.unknown,
  worst: state.worst?.value,
  last: state.last?.kind === 'ok' ? state.last.value : undefined,
  unit: criterion.unit,
  rule: ruleText(criterion, formatDuration(criterion.for)),
  firedAt: state.firedAt,
  reason: reasonNow(state),
});

/** Where it is why nothing is known, also for how long. */
function reasonNow({ firedAt, sight, reason }: CriterionState): string | undefined {
  return firedAt === undefined && sight && isMostlyBlind(sight) ? blindText(sight, reason) : reason;
}

/** What people are asked where nobody knows whose silence it is. */
export function doubtText({ title, for: lasts }: Criterion, { reason = 'no answer' }: CriterionState): string {
  const since = lasts > 0 ? `for ${formatDuration(lasts)} at the least: ` : '';
  return (
    `${title}: ${since}${reason}. It may be the network of the worker itself, so nothing is rolled back. Watching goes ` +
    'on: as soon as any other place answers, silence is a breach'
  );
}

/** A breach in one line: `Error rate > 10 %: 12.5 % (breach: > 10 % for 2 min)`. */
export function breachText(criterion: Criterion, state: CriterionState | undefined): string {
  const rule = ruleText(criterion, formatDuration(criterion.for));
  const last =
    state?.last?.kind === 'ok' ? `${rounded(state.last.value)} ${criterion.unit}` : (state?.reason ?? 'no value');
  const silence = state?.last?.kind === 'ok' ? state.last.silence : undefined;
  return `${criterion.title}: ${last} (breach: ${rule})${silence ? `; ${silence.text}` : ''}`;
}
