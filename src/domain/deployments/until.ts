/** How far a deployment is waited for. Pure. */
import type { Ledger } from '../ledger/ledger.js';
import { PHASES, type Phase } from '../steps.js';

export const MILESTONES = ['sign-offs', 'production', 'watch', 'end'] as const;
export type Milestone = (typeof MILESTONES)[number];

const BEGINS: Record<Exclude<Milestone, 'end'>, Phase> = {
  'sign-offs': 'approval',
  production: 'production',
  watch: 'watch',
};

/** Whether the phase has begun that is waited for. Only an end is the end. */
export function hasReached({ phase, outcome }: Pick<Ledger, 'phase' | 'outcome'>, milestone: Milestone): boolean {
  if (milestone === 'end') return outcome !== undefined;
  return PHASES.indexOf(phase) >= PHASES.indexOf(BEGINS[milestone]);
}
