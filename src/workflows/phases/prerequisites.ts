/** Checklist "Pré-requisitos": is everything ready? */
import { readingCheck } from '../../contract/plan/login.js';
import { commandsOfChecks } from '../../contract/plan/own-checks.js';
import { environmentsOf, inRepository } from '../../contract/plan/parts.js';
import { noBranch } from '../../contract/plan/proof-of-commit.js';
import { STEPS } from '../../domain/steps.js';
import { briefChecks, checks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { admit } from '../steps/admission.js';
import { confirmAll } from '../steps/confirmations.js';
import { lookAtProduction } from '../steps/found-production.js';
import { ownChecks } from '../steps/own-checks.js';

export async function prerequisites(deployment: Deployment): Promise<void> {
  const { plan, ledger, evidence } = deployment;
  deployment.enter('prerequisites');
  await admit(deployment);
  deployment.tell({ kind: 'started' });

  await deployment.step(STEPS.repository, async (key, summary) => {
    const report = await checks.checkRepository.executeWithOptions({ summary }, [
      { key, evidence, release: inRepository(plan), review: plan.review, ...noBranch(plan) },
    ]);
    // Also where people go on although something else of the repository is not as it should be.
    ledger.commit = report.commit || undefined;
    return report;
  });
  await proofs(deployment);
  await deployment.step(STEPS.staging, (key, summary) =>
    briefChecks.checkStaging.executeWithOptions({ summary }, [
      {
        key,
        evidence,
        environments: environmentsOf(plan),
        readings: { staging: readingCheck(plan, 'staging'), production: readingCheck(plan, 'production') },
        minimumRows: plan.prerequisites.minimumRows,
      },
    ]),
  );
  await lookAtProduction(deployment, STEPS.productionFound);
  await deployment.step(STEPS.tools, (key, summary) =>
    briefChecks.checkTools.executeWithOptions({ summary }, [
      {
        key,
        evidence,
        tools: plan.prerequisites.tools,
        scripts: plan.prerequisites.scripts,
        commands: { ...plan.commands, ...commandsOfChecks(plan) },
      },
    ]),
  );
  await confirmAll(deployment, plan.confirmations.prerequisites);
  await ownChecks(deployment, 'prerequisites');
}

/** What only some plans ask for: that the change was reviewed and tested, and that cloud and monitoring answer. */
async function proofs(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const { review, access } = plan;
  if (review) {
    await deployment.step(STEPS.review, (key, summary) =>
      checks.checkReview.executeWithOptions({ summary }, [{ key, evidence, release: inRepository(plan), review }]),
    );
  }
  if (access) {
    await deployment.step(STEPS.access, (key, summary) =>
      checks.checkAccess.executeWithOptions({ summary }, [{ key, evidence, access }]),
    );
  }
}
