/** Checklist 1.1 to 1.6: deploy to staging and prove it. */
import { migratesFirst, needed } from '../../contract/plan/parts.js';
import type { FirstUpgrade } from '../../contract/reversibility.js';
import { STEPS } from '../../domain/steps.js';
import { checks, longChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { placed } from '../run/runner.js';
import { backUp } from '../steps/back-up.js';
import { confirmAll } from '../steps/confirmations.js';
import { deployRelease } from '../steps/deploy-release.js';
import { documentation } from '../steps/documentation.js';
import { ownChecks, readBefore } from '../steps/own-checks.js';
import { reversibility } from '../steps/reversibility.js';

export async function staging(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const environment = plan.environments.staging;
  if (!environment) return;
  deployment.enter('staging');

  await deployment.step(STEPS.stagingBackup, (key, summary) => backUp(deployment, environment, { key, summary }));
  await readBefore(deployment, 'staging');
  let upgrade: FirstUpgrade | undefined;
  if (migratesFirst(plan)) upgrade = await migrateStaging(deployment);
  await deployRelease(deployment, {
    environment,
    deploy: STEPS.stagingDeploy,
    health: STEPS.stagingHealth,
    logs: STEPS.stagingLogs,
  });
  if (!migratesFirst(plan)) upgrade = await migrateStaging(deployment);
  await reversibility(deployment, upgrade);
  await deployment.step(STEPS.stagingIndexes, (key, summary) =>
    placed(deployment, checks).checkIndexes.executeWithOptions({ summary }, [
      { key, evidence, environment, indexes: needed(plan.indexes) },
    ]),
  );
  await deployment.step(STEPS.functional, (key, summary) =>
    placed(deployment, longChecks).checkEndpoints.executeWithOptions({ summary }, [
      { key, evidence, environment, checks: plan.functional },
    ]),
  );
  for (const test of plan.loadTests) {
    await deployment.step(test, (key, summary) =>
      deployment.load.runLoadTest.executeWithOptions({ summary }, [
        {
          key,
          evidence,
          environment,
          test,
          limits: needed(plan.loadLimits),
          healthPath: plan.healthPath,
          logs: plan.commands.logs,
        },
      ]),
    );
  }
  await documentation(deployment);
  await confirmAll(deployment, plan.confirmations.staging);
  await ownChecks(deployment, 'staging');
}

/** @returns the upgrade that was made, for the proof that it can be undone */
export async function migrateStaging(deployment: Deployment): Promise<FirstUpgrade | undefined> {
  const { plan, evidence, commands } = deployment;
  const environment = needed(plan.environments.staging);
  let upgrade: FirstUpgrade | undefined;
  await deployment.step(STEPS.stagingMigration, async (key, summary) => {
    const report = await commands.migrate.executeWithOptions({ summary }, [
      { key, evidence, environment, migration: needed(plan.migration), direction: { kind: 'upgrade' }, stock: {} },
    ]);
    // A step that is tried again may find the migration made: what counts is the run that made it.
    const { before, after } = report;
    if (before !== undefined && before !== after) upgrade = { key, before };
    return report;
  });
  return upgrade;
}
