/** What the deployment's own first steps check, tried by the same activities. */

import { createAlertActivities } from '../../activities/alerts/alerts.js';
import { createAccessActivities } from '../../activities/cloud/access.js';
import { createPrerequisiteActivities } from '../../activities/prerequisites.js';
import { createReviewActivities } from '../../activities/review/review.js';
import { commandsOfChecks } from '../../contract/plan/own-checks.js';
import { inRepository } from '../../contract/plan/parts.js';
import { noBranch } from '../../contract/plan/proof-of-commit.js';
import { STEPS } from '../../domain/steps.js';
import { type Check, type CheckContext, fromFacts, KEY } from './check.js';

/** What to do about a fact of `prerequisites.repository`. What has no branch of its own is a branch to itself. */
export function repositoryAdvice(
  fact: string,
  { repository, branch, target }: { repository: string; branch: string; target: string },
): string {
  const advice = `Fetch ${repository} and merge, tag or push what is missing.`;
  if (fact !== 'merged' || branch === target) return advice;
  return `${advice} Where nothing but the main branch is released, say --branch ${target}.`;
}

export function proofChecks({ plan, tools }: CheckContext): Check[] {
  const { release, review, access, alerts, prerequisites } = plan;
  const commands = { ...plan.commands, ...commandsOfChecks(plan) };
  const activities = createPrerequisiteActivities({ tools });
  const repository: Check = {
    id: 'repository',
    step: STEPS.repository.id,
    run: async ({ inActivity, evidence }) => {
      const release = inRepository(plan);
      const asked = { key: KEY, evidence, release, review, ...noBranch(plan) };
      const report = await inActivity(() => activities.checkRepository(asked));
      return report.facts.flatMap((fact) => fromFacts([fact], repositoryAdvice(fact.name, release)));
    },
  };
  const checks: Check[] = [
    ...(release.repository ? [repository] : []),
    {
      id: 'tools',
      step: STEPS.tools.id,
      run: async ({ inActivity, evidence }) => {
        const { tools: names, scripts } = prerequisites;
        const input = { key: KEY, evidence, tools: names, scripts, commands };
        const report = await inActivity(() => activities.checkTools(input));
        // The last fact only sums the others up.
        const facts = report.facts.filter(({ name }) => name !== 'tools');
        return fromFacts(facts, 'Install it on the machine of the worker, or make it executable (chmod +x).');
      },
    },
  ];
  if (review) {
    checks.push({
      id: 'review',
      step: STEPS.review.id,
      run: async ({ inActivity, evidence, patience }) => {
        const { checkReview } = createReviewActivities({ patience });
        const report = await inActivity(() => checkReview({ key: KEY, evidence, release: inRepository(plan), review }));
        return fromFacts(
          report.facts,
          'Have it reviewed, approved and tested where the plan reads it (docs/prerequisites.md).',
        );
      },
    });
  }
  if (access) {
    checks.push({
      id: 'access',
      step: STEPS.access.id,
      run: async ({ inActivity, evidence, patience }) => {
        const { checkAccess } = createAccessActivities({ patience });
        const report = await inActivity(() => checkAccess({ key: KEY, evidence, access }));
        return fromFacts(report.facts, 'Give the credential the right that is named.');
      },
    });
  }
  if (alerts) {
    checks.push({
      id: 'alerts',
      step: STEPS.alerts.id,
      run: async ({ inActivity, evidence, patience }) => {
        const { checkAlerts } = createAlertActivities({ patience });
        const report = await inActivity(() => checkAlerts({ key: KEY, evidence, alerts }));
        return fromFacts(report.facts, 'Configure the alert, or put the plan’s `alerts` right.');
      },
    });
  }
  return checks;
}
