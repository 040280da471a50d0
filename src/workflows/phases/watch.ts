/** Checklist phase 4: five minutes, one hour, 24 hours after the deploy. */
import type { Watch } from '../../contract/plan.js';
import { indexUseStep, isReviewed } from '../../contract/runbook.js';
import { STEPS } from '../../domain/steps.js';
import type { Deployment } from '../deployment.js';
import { checks, commandsOn, quickChecks } from '../policies.js';
import { loadTestProduction } from './production-load-test.js';
import { guarded, reportOf, rollbackFor, watchOver } from './watching.js';

export async function watch(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const environment = plan.environments.production;
  deployment.enter('watch');
  for (const [position, stretch] of plan.watches.entries()) {
    deployment.guard = (wait) => guarded(deployment, stretch, wait);
    await watchProduction(deployment, stretch);
    // Within the first minutes those who need an index may not have come yet.
    await checkIndexUse(deployment, { watch: stretch, advisory: position === 0 && plan.watches.length > 1 });
    if (isReviewed(plan, position)) {
      await deployment.step(STEPS.databaseReview, (key, summary) =>
        checks.reviewDatabase.executeWithOptions({ summary }, [{ key, evidence, environment }]),
      );
    }
  }
  await reportMetrics(deployment);
  await loadTestProduction(deployment);
}

async function checkIndexUse(deployment: Deployment, check: { watch: Watch; advisory: boolean }): Promise<void> {
  const { plan, evidence, indexUse: baseline } = deployment;
  const environment = plan.environments.production;
  await deployment.step({ id: indexUseStep(check.watch) }, (key, summary) =>
    quickChecks.checkIndexUse.executeWithOptions({ summary }, [
      { key, evidence, environment, indexes: plan.indexes, baseline, advisory: check.advisory },
    ]),
  );
}

/** A breach that calls for a rollback ends the deployment; anything short of healthy is put to people. */
async function watchProduction(deployment: Deployment, stretch: Watch): Promise<void> {
  const baselines = deployment.baselines;
  await deployment.step(stretch, async ({ generation }) => {
    const watched = await watchOver(deployment, stretch, { generation, baselines });
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
    commandsOn(deployment.runner).runCommand.executeWithOptions({ summary }, [
      { key, evidence, environment: plan.environments.production, command, values: {} },
    ]),
  );
}
