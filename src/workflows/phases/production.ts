/** Checklist phase 3: deploy to production. */

import type { IndexUse } from '../../contract/activities/postgres.js';
import { tablesCountedBefore } from '../../contract/plan/metrics.js';
import { logsOf, needed, toolOf } from '../../contract/plan/parts.js';
import { STEPS } from '../../domain/steps.js';
import { checks, commandsOn, localReads, longChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { countStored } from '../run/stored-rows.js';
import type { BeforeWatch } from '../steps/before-watch.js';
import { lookAtProduction } from '../steps/found-production.js';
import { maintenanceOff, maintenanceOn } from '../steps/maintenance.js';
import { restart } from '../steps/restart.js';
import { renewSignOffs } from '../steps/sign-offs.js';
import { awaitDeployWindow } from '../steps/window.js';

export async function production(deployment: Deployment): Promise<BeforeWatch> {
  const { plan, evidence, ledger, input } = deployment;
  const environment = plan.environments.production;
  const commands = commandsOn(deployment.runner);
  deployment.enter('production');
  // A window and new sign-offs may each be days away: it begins when there are both.
  let renewed = true;
  while (renewed) {
    await awaitDeployWindow(deployment);
    renewed = await renewSignOffs(deployment);
  }
  const summary = 'Check that the soak really lasted as long as it says';
  await deployment.insist({ id: 'production.clock', title: summary }, () =>
    localReads.checkClock.executeWithOptions({ summary }, [{ clock: input.clock, workflowTime: Date.now() }]),
  );
  await lookAtProduction(deployment, STEPS.productionUnchanged);
  const dumped = await deployment.step(STEPS.productionBackup, (key, summary) =>
    longChecks.backUpDatabase.executeWithOptions({ summary }, [
      { key, evidence, service: plan.service, environment, backup: needed(plan.backup), tool: toolOf(plan) },
    ]),
  );
  ledger.production.restoreEstimate = dumped?.restoreMilliseconds;
  if (dumped?.location) {
    const { location, sha256, evidence } = dumped;
    ledger.production.backup = { location, sha256, record: evidence[0] };
  }
  if (plan.production.maintenance.enabled) await maintenanceOn(deployment);

  const baselines: Record<string, number> = {};
  for (const table of tablesCountedBefore(plan.watches.flatMap(({ metrics }) => metrics))) {
    const title = `Count the rows of ${table}`;
    baselines[table] = await deployment.insist({ id: `production.rows.${table}`, title }, () =>
      localReads.countRows.executeWithOptions({ summary: title }, [{ environment, table }]),
    );
  }

  // The dump, and people who hold it, take their time as well: what is deployed is what was signed off.
  do renewed = await renewSignOffs(deployment);
  while (renewed || ledger.held);
  // From here on production is no longer as it was: even a deploy that fails may have changed it.
  ledger.production.codeDeployed = true;
  deployment.tell({ kind: 'deploying' });
  await deployment.step(STEPS.productionDeploy, (key, summary) =>
    commands.runCommand.executeWithOptions({ summary }, [
      { key, evidence, environment, command: plan.commands.deploy, values: { version: plan.release.target } },
    ]),
  );
  if (!ledger.production.maintenance) deployment.guard.set(plan.watches[0], baselines);
  await deployment.step(STEPS.productionHealth, (key, summary) =>
    longChecks.awaitHealth.executeWithOptions({ summary }, [
      { key, evidence, environment, path: plan.healthPath, version: plan.release.target, within: plan.healthWithin },
    ]),
  );
  await deployment.step(STEPS.productionLogs, (key, summary) =>
    commands.checkLogs.executeWithOptions({ summary }, [{ key, evidence, environment, ...logsOf(plan) }]),
  );
  if (plan.migration) ledger.production.migrated = true;
  await deployment.step(STEPS.productionMigration, async (key, summary) => {
    const migration = needed(plan.migration);
    const report = await commands.migrate.executeWithOptions({ summary }, [
      { key, evidence, environment, migration, direction: { kind: 'upgrade' }, within: migration.within },
    ]);
    // However it went: its own word for where a downgrade has to end.
    ledger.production.migratedFrom = report.before;
    return report;
  });
  deployment.storedByMigration = await countStored(deployment);
  let indexUse: IndexUse | undefined;
  await deployment.step(STEPS.productionIndexes, async (key, summary) => {
    const { use, ...report } = await checks.checkIndexes.executeWithOptions({ summary }, [
      { key, evidence, environment, indexes: needed(plan.indexes) },
    ]);
    indexUse = use;
    return report;
  });
  if (ledger.production.maintenance) await maintenanceOff(deployment);
  deployment.guard.set(plan.watches[0], baselines);
  await deployment.step(STEPS.smoke, (key, summary) =>
    longChecks.checkEndpoints.executeWithOptions({ summary }, [{ key, evidence, environment, checks: plan.smoke }]),
  );
  await restart(deployment);
  return { baselines, indexUse };
}
