/** Alerts at the metric sources. */
import type { StepReport } from '../../domain/evidence.js';
import type { Alerts } from '../plan/proofs.js';
import type { EvidencePlace, StepKey } from './step.js';

export interface AlertActivities {
  /** One fact for each alert: it exists, is on, and fires at the threshold that the plan states (checklist 4.3). */
  checkAlerts(input: { key: StepKey; evidence: EvidencePlace; alerts: Alerts }): Promise<StepReport>;
}
