/** Checklist phase 3: deploy to production. */

import type { IndexUse } from '../../contract/activities/postgres.js';
import { tablesCountedBefore } from '../../contract/plan/metrics.js';
import { canRestore, migratesFirst, needed } from '../../contract/plan/parts.js';
import { STEPS } from '../../domain/steps.js';
import { briefReads, checks, localReads, longChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { placed } from '../run/runner.js';
import { countStored } from '../run/stored-rows.js';
import { backUp } from '../steps/back-up.js';
import type { BeforeWatch } from '../steps/before-watch.js';
import { deployRelease } from '../steps/deploy-release.js';
import { lookAtProduction } from '../steps/found-production.js';
import { maintenanceOff, maintenanceOn } from '../steps/maintenance.js';
import { ownChecks, readBefore } from '../steps/own-checks.js';
import { restart } from '../steps/restart.js';
import { renewSignOffs } from '../steps/sign-offs.js';
import { awaitDeployWindow } from '../steps/window.js';

export async function production(deployment: Deployment): Promise<BeforeWatch> {
  deployment.enter('production');
  // A window and new sign-offs may each be days away: it begins when there are both.
  let renewed = true;
  while (renewed) {
    await awaitDeployWindow(deployment);
    renewed = await renewSignOffs(deployment);
  }
  const baselines = await prepare(deployment);

  // The dump takes its time as well.
  await haveSignOffs(deployment);
  deployment.guard.set(deployment.plan.watches[0], baselines);
  try {
    const indexUse = await change(deployment);
    await deployment.guard.relieve();
    return { baselines, indexUse };
  } finally {
    await deployment.guard.leave();
  }
}

/** Also people who hold it take their time: what is deployed is what was signed off. */
async function haveSignOffs(deployment: Deployment): Promise<void> {
  let renewed: boolean;
  do renewed = await renewSignOffs(deployment);
  while (renewed || deployment.ledger.held);
}

/** What comes before production changes. @returns the rows that there are, by table */
async function prepare(deployment: Deployment): Promise<BeforeWatch['baselines']> {
  const { plan, ledger, input } = deployment;
  const environment = plan.environments.production;
  const summary = 'Check that the soak really lasted as long as it says';
  await deployment.insist({ id: 'production.clock', title: summary }, () =>
    localReads.checkClock.executeWithOptions({ summary }, [{ clock: input.clock, workflowTime: Date.now() }]),
  );
  await lookAtProduction(deployment, STEPS.productionUnchanged);
  await readBefore(deployment, 'production');
  const dumped = await deployment.step(STEPS.productionBackup, (key, summary) =>
    backUp(deployment, environment, { key, summary }),
  );
  ledger.production.restoreEstimate = dumped?.restoreMilliseconds;
  if (dumped?.location && canRestore(plan)) {
    const { location, sha256, bytes, evidence } = dumped;
    ledger.production.backup = { location, sha256, bytes, record: evidence[0] };
  }
  if (plan.production.maintenance.enabled) await maintenanceOn(deployment);

  const baselines: Record<string, number> = {};
  for (const table of tablesCountedBefore(plan.watches.flatMap(({ metrics }) => metrics))) {
    const title = `Count the rows of ${table}`;
    baselines[table] = await deployment.insist({ id: `production.rows.${table}`, title }, () =>
      placed(deployment, briefReads).countRows.executeWithOptions({ summary: title }, [{ environment, table }]),
    );
  }
  return baselines;
}

/** From the first change to the last check: whoever is not kept out by maintenance mode is on what this changes. */
async function change(deployment: Deployment): Promise<IndexUse | undefined> {
  const { plan, evidence, ledger, guard } = deployment;
  const environment = plan.environments.production;
  deployment.tell({ kind: 'deploying' });
  guard.stand();
  let indexUse: IndexUse | undefined;
  if (migratesFirst(plan)) {
    indexUse = await migrate(deployment);
    await guard.during(() => haveSignOffs(deployment));
  }
  await deploy(deployment);
  if (!migratesFirst(plan)) indexUse = await migrate(deployment);
  if (ledger.production.maintenance) await maintenanceOff(deployment);
  guard.stand();
  await deployment.step(STEPS.smoke, (key, summary) =>
    placed(deployment, longChecks).checkEndpoints.executeWithOptions({ summary }, [
      { key, evidence, environment, checks: plan.smoke },
    ]),
  );
  await restart(deployment);
  await ownChecks(deployment, 'production');
  return indexUse;
}

async function deploy(deployment: Deployment): Promise<void> {
  const { plan, ledger, guard } = deployment;
  // From here on production is no longer as it was: even a deploy that fails may have changed it.
  ledger.production.codeDeployed = true;
  await deployRelease(deployment, {
    environment: plan.environments.production,
    deploy: STEPS.productionDeploy,
    health: STEPS.productionHealth,
    logs: STEPS.productionLogs,
    again: () => guard.during(() => haveSignOffs(deployment)),
  });
}

/** @returns how often the indexes have been used so far */
async function migrate(deployment: Deployment): Promise<IndexUse | undefined> {
  const { plan, evidence, ledger } = deployment;
  const environment = plan.environments.production;
  if (plan.migration) ledger.production.migrated = true;
  await deployment.step(STEPS.productionMigration, async (key, summary) => {
    const migration = needed(plan.migration);
    const report = await deployment.commands.migrate.executeWithOptions({ summary }, [
      { key, evidence, environment, migration, direction: { kind: 'upgrade' }, within: migration.within },
    ]);
    // However it went: its own word for where a downgrade has to end.
    ledger.production.migratedFrom = report.before;
    return report;
  });
  deployment.storedByMigration = await countStored(deployment);
  let indexUse: IndexUse | undefined;
  await deployment.step(STEPS.productionIndexes, async (key, summary) => {
    const { use, ...report } = await placed(deployment, checks).checkIndexes.executeWithOptions({ summary }, [
      { key, evidence, environment, indexes: needed(plan.indexes) },
    ]);
    indexUse = use;
    return report;
  });
  return indexUse;
}
