/** Checklist "Pré-requisitos": is everything ready? */

import { runnerOf } from '../../contract/names.js';
import type { Environment } from '../../contract/plan/environment.js';
import { readingCheck } from '../../contract/plan/login.js';
import { commandsOfChecks } from '../../contract/plan/own-checks.js';
import { environmentsOf, inRepository } from '../../contract/plan/parts.js';
import { noBranch } from '../../contract/plan/proof-of-commit.js';
import { inAllPlaces, type StepReport } from '../../domain/evidence.js';
import { queueFor } from '../../domain/runner.js';
import { STEPS } from '../../domain/steps.js';
import { authorised } from '../common/authorised.js';
import { briefChecks, checks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { placed } from '../run/runner.js';
import { admit } from '../steps/admission.js';
import { confirmAll } from '../steps/confirmations.js';
import { lookAtProduction } from '../steps/found-production.js';
import { ownChecks } from '../steps/own-checks.js';

export async function prerequisites(deployment: Deployment): Promise<void> {
  const { plan, ledger, evidence } = deployment;
  const { minimumRows, tools, scripts } = plan.prerequisites;
  deployment.enter('prerequisites');
  await admit(deployment);
  deployment.tell({ kind: 'started' });

  await deployment.step(STEPS.repository, async (key, summary) => {
    const report = await authorised(checks, deployment.begun).checkRepository.executeWithOptions({ summary }, [
      { key, evidence, release: inRepository(plan), review: plan.review, ...noBranch(plan) },
    ]);
    // Also where people go on although something else of the repository is not as it should be.
    ledger.commit = report.commit || undefined;
    return report;
  });
  await proofs(deployment);
  await deployment.step(STEPS.staging, (key, summary) =>
    whereverItRuns(deployment, (environments, environment) =>
      placed(deployment, briefChecks).checkStaging.executeWithOptions({ summary }, [
        {
          key,
          evidence,
          environments,
          environment,
          readings: { staging: readingCheck(plan, 'staging'), production: readingCheck(plan, 'production') },
          minimumRows: environments.some(({ name }) => name === 'staging') ? minimumRows : undefined,
        },
      ]),
    ),
  );
  await lookAtProduction(deployment, STEPS.productionFound);
  await deployment.step(STEPS.tools, (key, summary) =>
    whereverItRuns(deployment, (_, environment) =>
      placed(deployment, briefChecks).checkTools.executeWithOptions({ summary }, [
        { key, evidence, tools, scripts, commands: { ...plan.commands, ...commandsOfChecks(plan) }, environment },
      ]),
    ),
  );
  await confirmAll(deployment, plan.confirmations.prerequisites);
  await ownChecks(deployment, 'prerequisites');
}

type Look = (environments: Environment[], own?: Environment) => Promise<StepReport>;

/** Looked at once, or once on the runner of each environment that has one of its own. */
function whereverItRuns(deployment: Deployment, look: Look): Promise<StepReport> {
  const all = environmentsOf(deployment.plan);
  const own = all.filter(({ name }) => deployment.runners?.[name]);
  if (own.length === 0) return look(all);
  const others = all.filter((environment) => !own.includes(environment));
  return onEach(deployment, { own, others }, look);
}

async function onEach(
  deployment: Deployment,
  { own, others }: Record<'own' | 'others', Environment[]>,
  look: Look,
): Promise<StepReport> {
  const places = others.length > 0 ? [{ where: 'on a shared worker', report: await look(others) }] : [];
  for (const environment of own) {
    const where = `on runner ${runnerOf(queueFor(deployment, environment.name))}`;
    places.push({ where, report: await look([environment], environment) });
  }
  return inAllPlaces(places);
}

/** What only some plans ask for: that the change was reviewed and tested, and that cloud and monitoring answer. */
async function proofs(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const { review, access } = plan;
  if (review) {
    await deployment.step(STEPS.review, (key, summary) =>
      authorised(checks, deployment.begun).checkReview.executeWithOptions({ summary }, [
        { key, evidence, release: inRepository(plan), review },
      ]),
    );
  }
  if (access) {
    await deployment.step(STEPS.access, (key, summary) =>
      authorised(checks, deployment.begun).checkAccess.executeWithOptions({ summary }, [{ key, evidence, access }]),
    );
  }
}
