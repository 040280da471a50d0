/** Checklist 2.2: those who have to know of the deployment are told, and the message for users is prepared. */
import { STEPS } from '../../domain/steps.js';
import type { Deployment } from '../deployment.js';
import { longChecks } from '../policies.js';

export async function sendNotices(deployment: Deployment): Promise<void> {
  const { plan, evidence, telling } = deployment;
  if (plan.notifications.notices.length === 0) return;
  await deployment.step(STEPS.notices, (key, summary) =>
    longChecks.sendNotices.executeWithOptions({ summary }, [{ key, evidence, at: Date.now(), ...telling.notices() }]),
  );
}
