/** Checklist 2.2: those who have to know of the deployment are told, and the message for users is prepared. */
import { STEPS } from '../../domain/steps.js';
import { authorised } from '../common/authorised.js';
import { longChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';

export async function sendNotices(deployment: Deployment): Promise<void> {
  const { plan, evidence, notifier, vouched } = deployment;
  if (plan.notifications.notices.length === 0) return;
  await deployment.step(STEPS.notices, (key, summary) =>
    authorised(longChecks, vouched).sendNotices.executeWithOptions({ summary }, [
      { key, evidence, at: Date.now(), ...notifier.notices() },
    ]),
  );
}
