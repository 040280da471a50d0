/** What of the release is not known, which keeps a deployment from starting; and what can't be tried before it is. */
import type { ReleaseValue } from '../../contract/plan/release-values.js';
import { STEPS } from '../../domain/steps.js';
import type { Check, CheckContext, CheckResult } from './check.js';

/** Checks that are about these values, by their IDs. */
const ABOUT: Record<string, readonly ReleaseValue[]> = {
  repository: ['branch', 'target', 'previous'],
  review: ['branch', 'target'],
  'production-release': ['target', 'previous'],
  'way-back': ['target', 'revision'],
};

/** Those that can be tried with what is known, after one that says what is not. */
export function knownChecks({ unknown = [] }: CheckContext, checks: readonly Check[]): Check[] {
  if (unknown.length === 0) return [...checks];
  const isUnknown = (value: ReleaseValue) => unknown.some(({ name }) => name === value);
  const untried = checks.filter(({ id }) => ABOUT[id]?.some(isUnknown));
  const findings: CheckResult[] = unknown.map(({ name, unknown: why }) => ({
    name,
    ok: false,
    text: `${name} is not known: ${why}`,
    advice: `Say it with --${name}, or fix it in the plan.`,
  }));
  if (untried.length > 0) {
    const text = `not tried before that is known: ${untried.map(({ id }) => id).join(', ')}`;
    findings.push({ name: 'untried', ok: true, note: true, text });
  }
  const said: Check = { id: 'release', step: STEPS.admission.id, run: async () => findings };
  return [said, ...checks.filter((check) => !untried.includes(check))];
}
