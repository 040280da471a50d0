/** Checklist 1.1 to 1.6: deploy to staging and prove it. */
import { STEPS } from '../../domain/steps.js';
import type { Deployment } from '../deployment.js';
import { checks, commandsOn, longChecks } from '../policies.js';
import { confirmAll } from './confirmations.js';

export async function staging(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const environment = plan.environments.staging;
  const commands = commandsOn(deployment.runner);
  deployment.enter('staging');

  await deployment.step(STEPS.stagingBackup, (key, summary) =>
    longChecks.backUpDatabase.executeWithOptions({ summary }, [{ key, evidence, environment }]),
  );
  await deployment.step(STEPS.stagingDeploy, (key, summary) =>
    commands.runCommand.executeWithOptions({ summary }, [
      { key, evidence, environment, command: plan.commands.deploy, values: { version: plan.release.target } },
    ]),
  );
  await deployment.step(STEPS.stagingHealth, (key, summary) =>
    longChecks.awaitHealth.executeWithOptions({ summary }, [
      { key, environment, path: plan.healthPath, version: plan.release.target, within: plan.healthWithin },
    ]),
  );
  await deployment.step(STEPS.stagingLogs, (key, summary) =>
    commands.checkLogs.executeWithOptions({ summary }, [
      { key, evidence, environment, command: plan.commands.logs, critical: plan.criticalLogs },
    ]),
  );
  await deployment.step(STEPS.stagingMigration, (key, summary) =>
    commands.migrate.executeWithOptions({ summary }, [
      { key, evidence, environment, migration: plan.migration, direction: { kind: 'upgrade' } },
    ]),
  );
  await deployment.step(STEPS.stagingIndexes, (key, summary) =>
    checks.checkIndexes.executeWithOptions({ summary }, [{ key, evidence, environment, indexes: plan.indexes }]),
  );
  await deployment.step(STEPS.functional, (key, summary) =>
    longChecks.checkEndpoints.executeWithOptions({ summary }, [
      { key, evidence, environment, checks: plan.functional },
    ]),
  );
  for (const test of plan.loadTests) {
    await deployment.step({ id: test.id, phase: 'staging', section: '1.5', title: test.title }, (key, summary) =>
      longChecks.runLoadTest.executeWithOptions({ summary }, [
        { key, evidence, environment, test, limits: plan.loadLimits },
      ]),
    );
  }
  await confirmAll(deployment, plan.confirmations.staging);
}
