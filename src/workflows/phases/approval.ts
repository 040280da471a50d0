/** Checklist phase 2: five sign-offs of what staging has proven, and preparing production. */
import { STEPS } from '../../domain/steps.js';
import { authorised } from '../common/authorised.js';
import { checks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { confirmAll } from '../steps/confirmations.js';
import { sendNotices } from '../steps/notices.js';
import { ownChecks } from '../steps/own-checks.js';
import { askForSignOffs, renewSignOffs } from '../steps/sign-offs.js';

export async function approval(deployment: Deployment): Promise<void> {
  const { plan } = deployment;
  deployment.enter('approval');
  await askForSignOffs(deployment);
  await sendNotices(deployment);
  await checkAlerts(deployment);
  await confirmAll(deployment, plan.confirmations.preparation);
  await ownChecks(deployment, 'approval');

  // Preparing may have taken days.
  let renewed = true;
  while (renewed) renewed = await renewSignOffs(deployment);
}

/** Checklist 4.3 wants five alerts: they are looked for while there is still time to configure them. */
async function checkAlerts(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const { alerts } = plan;
  if (!alerts) return;
  await deployment.step(STEPS.alerts, (key, summary) =>
    authorised(checks, deployment.begun).checkAlerts.executeWithOptions({ summary }, [{ key, evidence, alerts }]),
  );
}
