/** Checks of the team's own: each is a step, at the end of its phase. */
import { condition } from '@temporalio/workflow';
import type { StepKey } from '../../contract/activities/step.js';
import type { Environment, EnvironmentName } from '../../contract/plan/environment.js';
import {
  beforeStep,
  comparingChecks,
  type OwnCheck,
  type OwnQuestionOf,
  ownChecksOf,
} from '../../contract/plan/own-checks.js';
import { needed } from '../../contract/plan/parts.js';
import { releaseWords } from '../../contract/plan/proof-of-commit.js';
import { formatDuration } from '../../domain/duration.js';
import { attestationOf, byWhom, type StepReport } from '../../domain/evidence.js';
import type { Phase } from '../../domain/steps.js';
import { longChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { placed } from '../run/runner.js';

interface Making {
  key: StepKey;
  summary: string;
}

/** The checks of a phase, one after the other. What follows when one fails stands in the runbook. */
export async function ownChecks(deployment: Deployment, phase: Phase): Promise<void> {
  for (const check of ownChecksOf(deployment.plan, phase)) {
    await deployment.step(check, (key, summary) => make(deployment, check, { key, summary }));
  }
}

/** Reads what later checks compare with, while an environment is as it was. */
export async function readBefore(deployment: Deployment, name: EnvironmentName): Promise<void> {
  for (const check of comparingChecks(deployment.plan, name)) {
    const { asks, timeout = 0 } = check as OwnCheck & { asks: OwnQuestionOf<'sql'> };
    const read = await deployment.step({ id: beforeStep(check) }, (key, summary) => {
      const { evidence } = deployment;
      const asked = { key, evidence, environment: environmentOf(deployment, check), timeout, asks };
      return placed(deployment, longChecks).readBefore.executeWithOptions({ summary }, [asked]);
    });
    if (read) deployment.readBefore.set(check.id, read.before);
  }
}

function make(deployment: Deployment, check: OwnCheck, { key, summary }: Making): Promise<StepReport> {
  const { plan, evidence, input, commands, ledger } = deployment;
  const { asks, timeout = 0 } = check;
  const asked = { key, evidence, environment: environmentOf(deployment, check), timeout };
  switch (asks.kind) {
    case 'http':
      return placed(deployment, longChecks).checkRequest.executeWithOptions({ summary }, [{ ...asked, asks }]);
    case 'sql': {
      const before = deployment.readBefore.get(check.id);
      return placed(deployment, longChecks).checkQuery.executeWithOptions({ summary }, [{ ...asked, asks, before }]);
    }
    case 'metric':
      return placed(deployment, longChecks).checkMetric.executeWithOptions({ summary }, [
        { ...asked, asks, clock: input.clock },
      ]);
    case 'command': {
      const { command, expect } = asks;
      const values = releaseWords(command, plan.release.target, ledger.commit);
      return commands.checkCommand.executeWithOptions({ summary }, [{ ...asked, command, expect, values }]);
    }
    case 'confirm':
      return confirmWithin(deployment, check, asks);
  }
}

const environmentOf = ({ plan }: Deployment, { environment }: OwnCheck): Environment =>
  needed(plan.environments[environment]);

/** That nobody has confirmed it in time is known, whatever it is about: the plan says what follows. */
async function confirmWithin(
  deployment: Deployment,
  { id, title, timeout }: OwnCheck,
  { roles, items }: OwnQuestionOf<'confirm'>,
): Promise<StepReport> {
  const question = deployment.openQuestion({
    kind: 'confirmation',
    id,
    title,
    text: items.join('; '),
    roles,
    moves: ['confirm'],
  });
  const isAnswered = () => question.answer !== undefined;
  if (timeout === undefined) {
    await deployment.guard.during(() => condition(isAnswered));
  } else {
    const wait = () => condition(isAnswered, timeout, { summary: `Wait for an answer: ${title}` });
    // In virtual time a guard's clock would run ahead of this one, and nobody would ever be late.
    await (deployment.input.clock === 'virtual' ? wait() : deployment.guard.during(wait));
  }
  deployment.closeQuestion(question);
  const { answer } = question;
  const text = answer
    ? `confirmed ${byWhom(answer)}`
    : `nobody has confirmed it within ${formatDuration(timeout ?? 0)}`;
  const by = answer && { by: attestationOf(answer) };
  return { summary: text, facts: [{ name: 'confirmed', ok: answer !== undefined, text, ...by }], evidence: [] };
}
