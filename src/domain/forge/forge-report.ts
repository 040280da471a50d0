/** How a deployment stands, as the forge that has its code shows it beside the commit. Pure. */
import { byWhom } from '../evidence.js';
import type { Ledger, OpenQuestion, Outcome } from '../ledger/ledger.js';
import { inOneLine } from '../one-line.js';
import { PHASES, type Phase } from '../steps.js';

/**
 * Of production, which the deployment is to: `queued` until it is its turn, `pending` while people are waited for,
 * `inactive` once it was there and is no more.
 */
export const FORGE_STATES = ['queued', 'in-progress', 'pending', 'success', 'failure', 'inactive'] as const;
export type ForgeState = (typeof FORGE_STATES)[number];

export interface ForgeReport {
  state: ForgeState;
  /** In one line. */
  text: string;
  /** The roles whose answer is waited for. */
  waitsFor?: string[];
}

const OUTCOMES: Record<Outcome, ForgeState> = {
  succeeded: 'success',
  'rolled-back': 'inactive',
  'rollback-failed': 'failure',
  rejected: 'failure',
  aborted: 'failure',
};

/** Nothing of it changes any more. */
export const isForgeEnd = ({ state }: ForgeReport): boolean => ['success', 'failure', 'inactive'].includes(state);

/** Of one that had no say in its end. @param ended how */
export const reportOfCutOff = (ended: string): ForgeReport => ({
  state: 'failure',
  text: line(`ended from outside (${ended}): production is as it was left`),
});

export function forgeReportOf(ledger: Ledger): ForgeReport {
  const { outcome, reason, phase, questions, held, rollback } = ledger;
  if (outcome) return { state: OUTCOMES[outcome], text: line(`${outcome.replace('-', ' ')}: ${reason ?? ''}`) };
  if (held) return { state: 'pending', text: line(`held ${byWhom(held)}`), waitsFor: [held.role] };
  const [first, ...others] = questions.filter(({ answer }) => !answer);
  if (first) return waiting(ledger, first, others.length);
  if (rollback)
    return { state: 'in-progress', text: line(`rolling back (${rollback.option}): ${rollback.trigger.text}`) };
  if (isBefore(phase, 'production')) return { state: 'queued', text: `${phase}; production is not touched yet` };
  return { state: 'in-progress', text: phase };
}

function waiting({ approvals }: Ledger, question: OpenQuestion, others: number): ForgeReport {
  const hasSigned = (role: string) => approvals.some((approval) => approval.role === role);
  const waitsFor = question.kind === 'approvals' ? question.roles.filter((role) => !hasSigned(role)) : question.roles;
  const more = others > 0 ? ` (and ${others} more)` : '';
  const whom = waitsFor.length > 0 ? `waits for ${waitsFor.join(', ')}` : 'waits';
  return { state: 'pending', text: line(`${whom}: ${question.title}${more}`), waitsFor };
}

const isBefore = (one: Phase, other: Phase): boolean => PHASES.indexOf(one) < PHASES.indexOf(other);

const line = (text: string): string => inOneLine(text);
