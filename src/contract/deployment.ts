/** What a deployment is started with and what it ends with. */
import type { Ledger, Outcome } from '../domain/ledger.js';
import type { Clock } from './activities.js';
import type { ResolvedPlan } from './plan.js';

export interface DeployInput {
  deployment: string;
  plan: ResolvedPlan;
  /** sha256 of the resolved plan's canonical JSON. */
  digest: string;
  /** Who started it; this person cannot approve it. */
  startedBy: string;
  clock: Clock;
}

export type DeployResult = Ledger & { outcome: Outcome; reason: string; endedAt: number };
