/** Checklist phase 3: deploy to production. */

import type { IndexUse } from '../../contract/activities/postgres.js';
import type { StepKey } from '../../contract/activities/step.js';
import { tablesCountedBefore } from '../../contract/plan/metrics.js';
import { canRestore, migratesFirst, needed } from '../../contract/plan/parts.js';
import { hasChanged } from '../../domain/decisions/decisions.js';
import { STEPS } from '../../domain/steps.js';
import { briefReads, checks, localReads, longChecks } from '../common/policies.js';
import type { Changes, Deployment } from '../run/deployment.js';
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
  await deployment.look(() => lookFirst(deployment));
  const baselines = await deployment.begin(
    () => lookAgain(deployment),
    () => prepare(deployment),
  );

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

/** What stands before anything is done to production: it is the time for it, signed off, and it is as it was found. */
async function lookFirst(deployment: Deployment): Promise<void> {
  const { input } = deployment;
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
}

/** Also people who hold it take their time: what is deployed is what was signed off. */
async function haveSignOffs(deployment: Deployment): Promise<void> {
  let renewed: boolean;
  do renewed = await renewSignOffs(deployment);
  while (renewed || deployment.ledger.held);
}

/**
 * What stands before the next change, where its runner had to be waited for: all of it as long as nothing has been done.
 * Users who are kept out, and a production that is halfway there, wait for no window.
 */
async function lookAgain(deployment: Deployment): Promise<void> {
  const { ledger } = deployment;
  let renewed: boolean;
  do {
    if (!hasChanged(ledger) && !ledger.production.maintenance) await lookFirst(deployment);
    // A look at production may take its time, too.
    renewed = await renewSignOffs(deployment);
  } while (renewed || ledger.held);
}

/** What comes before production changes. @returns the rows that there are, by table */
async function prepare(deployment: Deployment): Promise<BeforeWatch['baselines']> {
  const { plan, ledger } = deployment;
  const environment = plan.environments.production;
  await readBefore(deployment, 'production');
  const dumped = await deployment.step(STEPS.productionBackup, (key, summary) =>
    backUp(deployment, environment, { key, summary }),
  );
  ledger.production.restoreEstimate = dumped?.restoreMilliseconds;
  if (dumped?.location && canRestore(plan)) {
    const { location, sha256, bytes, evidence } = dumped;
    ledger.production.backup = { location, sha256, bytes, record: evidence[0] };
  }
  if (plan.production.maintenance.enabled) await maintenanceOn(deployment, () => lookAgain(deployment));

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

/** The first change of the release's code, or of its data. */
async function beginChange<T>(
  deployment: Deployment,
  { key, run, changes }: { key: StepKey; run: () => Promise<T>; changes: Changes },
): Promise<T> {
  // Whoever wants it tried again may have taken days.
  if (key.generation > 1) await deployment.guard.during(() => haveSignOffs(deployment));
  return deployment.begin(() => lookAgain(deployment), run, changes);
}

async function deploy(deployment: Deployment): Promise<void> {
  const { plan } = deployment;
  await deployRelease(deployment, {
    environment: plan.environments.production,
    deploy: STEPS.productionDeploy,
    health: STEPS.productionHealth,
    logs: STEPS.productionLogs,
    // From here on production is no longer as it was: even a deploy that fails may have changed it.
    begin: (key, run) => beginChange(deployment, { key, run, changes: { codeDeployed: true } }),
  });
}

/** @returns how often the indexes have been used so far */
async function migrate(deployment: Deployment): Promise<IndexUse | undefined> {
  const { plan, evidence, ledger } = deployment;
  const environment = plan.environments.production;
  // After the deploy it is the second half of what was looked at.
  if (plan.migration && !migratesFirst(plan)) ledger.production.migrated = true;
  await deployment.step(STEPS.productionMigration, async (key, summary) => {
    const migration = needed(plan.migration);
    const run = () =>
      deployment.commands.migrate.executeWithOptions({ summary }, [
        { key, evidence, environment, migration, direction: { kind: 'upgrade' }, within: migration.within },
      ]);
    const report = await (migratesFirst(plan)
      ? beginChange(deployment, { key, run, changes: { migrated: true } })
      : run());
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
