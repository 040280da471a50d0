/** Checklist phase 3: deploy to production. */
import type { StepKey } from '../../contract/activities.js';
import type { ResolvedPlan } from '../../contract/plan.js';
import type { StepReport } from '../../domain/evidence.js';
import { STEPS } from '../../domain/steps.js';
import type { Deployment } from '../deployment.js';
import { checks, commandsOn, longChecks } from '../policies.js';

export async function production(deployment: Deployment): Promise<void> {
  const { plan, evidence, ledger, input } = deployment;
  const environment = plan.environments.production;
  const commands = commandsOn(deployment.runner);
  deployment.enter('production');
  await checks.checkClock.executeWithOptions({ summary: 'Check that the soak really lasted as long as it says' }, [
    { clock: input.clock, workflowTime: Date.now() },
  ]);
  ledger.production.previousRevision = await commands.readRevision.executeWithOptions(
    { summary: 'Record the database revision to go back to' },
    [{ environment, migration: plan.migration }],
  );

  await deployment.step(STEPS.productionBackup, (key, summary) =>
    longChecks.backUpDatabase.executeWithOptions({ summary }, [{ key, evidence, environment }]),
  );
  if (plan.production.maintenance.enabled) await maintenanceOn(deployment);

  for (const table of tablesToGuard(plan)) {
    deployment.baselines[table] = await checks.countRows.executeWithOptions({ summary: `Count the rows of ${table}` }, [
      { environment, table },
    ]);
  }

  // From here on production is no longer as it was: even a deploy that fails may have changed it.
  ledger.production.codeDeployed = true;
  deployment.tell(`${plan.title}: deploying ${plan.release.target} to production`);
  await deployment.step(STEPS.productionDeploy, (key, summary) =>
    commands.runCommand.executeWithOptions({ summary }, [
      { key, evidence, environment, command: plan.commands.deploy, values: { version: plan.release.target } },
    ]),
  );
  await deployment.step(STEPS.productionHealth, (key, summary) =>
    longChecks.awaitHealth.executeWithOptions({ summary }, [
      { key, environment, path: plan.healthPath, version: plan.release.target, within: plan.healthWithin },
    ]),
  );
  await deployment.step(STEPS.productionLogs, (key, summary) =>
    commands.checkLogs.executeWithOptions({ summary }, [
      { key, evidence, environment, command: plan.commands.logs, critical: plan.criticalLogs },
    ]),
  );
  ledger.production.migrated = true;
  await deployment.step(STEPS.productionMigration, (key, summary) =>
    commands.migrate.executeWithOptions({ summary }, [
      {
        key,
        evidence,
        environment,
        migration: plan.migration,
        direction: { kind: 'upgrade' },
        within: plan.migration.within,
      },
    ]),
  );
  await deployment.step(STEPS.productionIndexes, (key, summary) =>
    checks.checkIndexes.executeWithOptions({ summary }, [{ key, evidence, environment, indexes: plan.indexes }]),
  );
  if (ledger.production.maintenance) await maintenanceOff(deployment);
  await deployment.step(STEPS.smoke, (key, summary) =>
    longChecks.checkEndpoints.executeWithOptions({ summary }, [{ key, evidence, environment, checks: plan.smoke }]),
  );
  if (plan.production.restart) {
    await deployment.step(STEPS.restart, (key, summary) =>
      commands.runCommand.executeWithOptions({ summary }, [
        { key, evidence, environment, command: plan.commands.restartService, values: {} },
      ]),
    );
  }
}

/** The tables whose rows must not get fewer, as the watches' metrics name them. */
function tablesToGuard(plan: ResolvedPlan): string[] {
  const tables = plan.watches.flatMap(({ metrics }) =>
    metrics.flatMap(({ source }) =>
      source.kind === 'postgres' && 'lostRows' in source.read ? [source.read.lostRows.table] : [],
    ),
  );
  return [...new Set(tables)];
}

async function maintenanceOn(deployment: Deployment): Promise<void> {
  const { plan, evidence, ledger } = deployment;
  const environment = plan.environments.production;
  const command = plan.commands.maintenanceOn;
  if (!command) return;
  await deployment.step(STEPS.maintenanceOn, async (key, summary) => {
    ledger.production.maintenance = true;
    const turnedOn = await commandsOn(deployment.runner).runCommand.executeWithOptions({ summary }, [
      { key, evidence, environment, command, values: {} },
    ]);
    const drained = await longChecks.awaitDrained.executeWithOptions({ summary: 'Wait for requests to finish' }, [
      { environment, path: plan.healthPath, drain: plan.production.maintenance.drain },
    ]);
    return {
      summary: `${turnedOn.summary}; ${drained.summary}`,
      facts: [...turnedOn.facts, ...drained.facts],
      evidence: [...turnedOn.evidence, ...drained.evidence],
    };
  });
}

async function maintenanceOff(deployment: Deployment): Promise<void> {
  await deployment.step(STEPS.maintenanceOff, (key, summary) => turnMaintenanceOff(deployment, key, summary));
}

/** Also used on the way back: users must not stay locked out of a production that is well again. */
export async function turnMaintenanceOff(deployment: Deployment, key: StepKey, summary: string): Promise<StepReport> {
  const { plan, ledger, runner, evidence } = deployment;
  const command = plan.commands.maintenanceOff;
  if (!command) return { summary: 'the plan has no maintenance mode', facts: [], evidence: [] };
  const environment = plan.environments.production;
  const report = await commandsOn(runner).runCommand.executeWithOptions({ summary }, [
    { key, evidence, environment, command, values: {} },
  ]);
  ledger.production.maintenance = false;
  return report;
}
