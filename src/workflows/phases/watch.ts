/** Checklist phase 4: five minutes, one hour, 24 hours after the deploy. */
import type { Watch } from '../../contract/plan.js';
import { STEPS } from '../../domain/steps.js';
import { type Deployment, RollbackNeeded } from '../deployment.js';
import { checks, commandsOn, longChecks } from '../policies.js';
import { reportOf, watchOver } from './watching.js';

export async function watch(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const environment = plan.environments.production;
  deployment.enter('watch');
  for (const [position, stretch] of plan.watches.entries()) {
    await watchProduction(deployment, stretch);
    // The checklist looks into the database after the first hour (4.2), and reports after the day (4.3).
    if (position === Math.min(1, plan.watches.length - 1)) {
      await deployment.step(
        STEPS.databaseReview,
        (key, summary) =>
          checks.reviewDatabase.executeWithOptions({ summary }, [
            { key, evidence, environment, indexes: plan.indexes },
          ]),
        { onFailure: 'ask' },
      );
    }
  }
  await reportMetrics(deployment);
  await loadTestProduction(deployment);
}

/** A breach that calls for a rollback ends the deployment; anything short of healthy is put to people. */
async function watchProduction(deployment: Deployment, stretch: Watch): Promise<void> {
  const baselines = deployment.baselines;
  await deployment.step(
    { id: stretch.id, phase: 'watch', section: '', title: stretch.title },
    async ({ generation }) => {
      const result = await watchOver(deployment, stretch, { generation, baselines });
      if (result.breach) {
        const { criterion, text, option, at } = result.breach;
        throw new RollbackNeeded({ kind: 'criterion', criterion, text, option, breachedAt: at });
      }
      return reportOf(stretch, result);
    },
    { onFailure: 'ask' },
  );
}

async function reportMetrics(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const command = plan.commands.metricsReport;
  if (!command) return;
  await deployment.step(
    STEPS.metricsReport,
    (key, summary) =>
      commandsOn(deployment.runner).runCommand.executeWithOptions({ summary }, [
        { key, evidence, environment: plan.environments.production, command, values: {} },
      ]),
    { onFailure: 'ask' },
  );
}

/** Checklist 4.4: optional, and only when its role approves. */
async function loadTestProduction(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const optional = plan.production.loadTest;
  if (!optional) return;
  const { test, approvedBy } = optional;
  await deployment.ask({
    kind: 'confirmation',
    id: `${test.id}-approval`,
    title: `Approve ${test.title}`,
    text: `${test.requests} requests, ${test.concurrency} at once, against production`,
    roles: [approvedBy],
    moves: ['confirm'],
  });
  await deployment.step(
    { id: test.id, phase: 'watch', section: '4.4', title: test.title },
    (key, summary) =>
      longChecks.runLoadTest.executeWithOptions({ summary }, [
        { key, evidence, environment: plan.environments.production, test, limits: plan.loadLimits },
      ]),
    { onFailure: 'ask' },
  );
}
