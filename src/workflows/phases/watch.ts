/** Checklist phase 4: five minutes, one hour, 24 hours after the deploy. */
import { needed } from '../../contract/plan/parts.js';
import type { Watch } from '../../contract/plan/watch.js';
import { indexUseStep, isReviewed } from '../../contract/runbook.js';
import { STEPS } from '../../domain/steps.js';
import { briefReads, checks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { placed } from '../run/runner.js';
import { reportOf, rollbackFor } from '../run/watching.js';
import type { BeforeWatch } from '../steps/before-watch.js';
import { ownChecks } from '../steps/own-checks.js';
import { loadTestProduction } from '../steps/production-load-test.js';

export async function watch(deployment: Deployment, before: BeforeWatch): Promise<void> {
  const { plan, evidence } = deployment;
  const environment = plan.environments.production;
  deployment.enter('watch');
  for (const [position, stretch] of plan.watches.entries()) {
    // Whoever has stood since the last one.
    await deployment.guard.relieve();
    deployment.guard.set(stretch, before.baselines);
    await watchProduction(deployment, stretch, before);
    deployment.guard.standBy();
    // Within the first minutes those who need an index may not have come yet.
    await checkIndexUse(deployment, {
      watch: stretch,
      advisory: position === 0 && plan.watches.length > 1,
      baseline: before.indexUse,
    });
    if (isReviewed(plan, position)) {
      await deployment.step(STEPS.databaseReview, (key, summary) =>
        placed(deployment, checks).reviewDatabase.executeWithOptions({ summary }, [{ key, evidence, environment }]),
      );
    }
  }
  await reportMetrics(deployment);
  await loadTestProduction(deployment, before);
  await ownChecks(deployment, 'watch');
}

async function checkIndexUse(
  deployment: Deployment,
  { watch, advisory, baseline }: { watch: Watch; advisory: boolean; baseline: BeforeWatch['indexUse'] },
): Promise<void> {
  const { plan, evidence } = deployment;
  const environment = plan.environments.production;
  await deployment.step({ id: indexUseStep(watch) }, (key, summary) =>
    placed(deployment, briefReads).checkIndexUse.executeWithOptions({ summary }, [
      { key, evidence, environment, indexes: needed(plan.indexes), baseline, advisory },
    ]),
  );
}

/** A breach that calls for a rollback ends the deployment; anything short of healthy is put to people. */
async function watchProduction(
  deployment: Deployment,
  stretch: Watch,
  { baselines }: Pick<BeforeWatch, 'baselines'>,
): Promise<void> {
  await deployment.step(stretch, async ({ generation }) => {
    const watched = await deployment.watching.over(stretch, { generation, baselines });
    const { result } = watched;
    const report = reportOf(stretch, watched);
    if (result.breach) {
      deployment.tell({ kind: 'breach', criterion: result.breach.title, reason: result.breach.text });
      throw rollbackFor(result.breach, report);
    }
    deployment.tell({ kind: 'watch-ended', watch: stretch.title, verdict: result.verdict });
    return report;
  });
}

async function reportMetrics(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const command = plan.commands.metricsReport;
  if (!command) return;
  await deployment.step(STEPS.metricsReport, (key, summary) =>
    deployment.commands.runCommand.executeWithOptions({ summary }, [
      { key, evidence, environment: plan.environments.production, command, values: {} },
    ]),
  );
}
