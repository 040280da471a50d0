/** Checklist 1.7: staging runs for 24 hours before production. */
import type { Deployment } from '../run/deployment.js';
import { reportOf } from '../run/watching.js';
import { ownChecks } from '../steps/own-checks.js';

export async function soak(deployment: Deployment): Promise<void> {
  const { soak: watch } = deployment.plan;
  if (!watch) return;
  deployment.enter('soak');
  await deployment.step(watch, async ({ generation }) =>
    reportOf(watch, await deployment.watching.over(watch, { generation, baselines: {} })),
  );
  await ownChecks(deployment, 'soak');
}
