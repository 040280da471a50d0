/** From "production has to go back" to "production is back", or to people who know that it is not. */
import { executeChild, ParentClosePolicy, TemporalFailure } from '@temporalio/workflow';
import { rollbackWorkflowId } from '../../contract/names.js';
import type { RollbackOption } from '../../domain/criteria.js';
import type { RollbackRecord, RollbackTrigger } from '../../domain/ledger.js';
import { chooseRollback } from '../../domain/rollback.js';
import { type Deployment, describe } from '../deployment.js';
import { commandsOn } from '../policies.js';
import { RollbackCodeWorkflow, RollbackFullWorkflow, RollbackMigrationWorkflow } from '../rollback.js';
import { turnMaintenanceOff } from './production.js';

const WORKFLOWS = {
  migration: RollbackMigrationWorkflow,
  code: RollbackCodeWorkflow,
  full: RollbackFullWorkflow,
};

/** Rolls production back, as often as people want it tried. @returns whether production is back, and how that is known */
export async function rollBack(
  deployment: Deployment,
  trigger: RollbackTrigger,
): Promise<{ succeeded: boolean; reason: string }> {
  const { ledger, plan } = deployment;
  let { option, reasons } = await choose(deployment, trigger);
  for (let attempt = 1; ; attempt++) {
    deployment.tell(`${plan.title}: rolling back (${option}): ${trigger.text}`);
    const record = await attemptRollback(deployment, { trigger, option, reasons, attempt });
    if (record.succeeded) {
      await reopen(deployment);
      return { succeeded: true, reason: `${trigger.text}; ${record.option} rollback, proven on production` };
    }
    await lockOut(deployment);
    deployment.tell(`${plan.title}: ROLLBACK FAILED: ${record.reason}; people are needed`);
    const answer = await deployment.ask({
      kind: 'rollback-failed',
      id: 'rollback',
      title: `The ${record.option} rollback failed`,
      text: record.reason ?? '',
      roles: deployment.allRoles,
      moves: ['retry', 'rollback', 'skip'],
    });
    if (answer.kind === 'skip') {
      return {
        succeeded: false,
        reason: `${trigger.text}; rollback failed: ${record.reason}; left to ${answer.who}: ${answer.why}`,
      };
    }
    ledger.earlierRollbacks.push(record);
    reasons = [...reasons, `attempt ${attempt} (${option}) failed: ${record.reason}`];
    if (answer.option) {
      option = answer.option;
      reasons.push(`${answer.who} as ${answer.role} chose ${option}${answer.why ? `: ${answer.why}` : ''}`);
    }
  }
}

/** What is wanted, and what there is to undo: the database is asked, not remembered. */
async function choose(deployment: Deployment, trigger: RollbackTrigger) {
  const { ledger, plan } = deployment;
  const { production } = ledger;
  let migrated = production.migrated;
  try {
    const revision = await commandsOn(deployment.runner).readRevision.executeWithOptions(
      { summary: 'Read the database revision before choosing the rollback' },
      [{ environment: plan.environments.production, migration: plan.migration }],
    );
    migrated = revision !== production.previousRevision;
  } catch {
    // The database cannot be asked: what this workflow did stands.
  }
  return chooseRollback({
    ...wish(trigger, plan.rollback.onStepFailure),
    codeDeployed: production.codeDeployed,
    migrated,
  });
}

function wish(trigger: RollbackTrigger, policy: RollbackOption): { wanted: RollbackOption; because: string } {
  const option = trigger.kind === 'step' ? undefined : trigger.option;
  if (option === undefined) return { wanted: policy, because: `the plan's policy is ${policy}` };
  if (trigger.kind === 'person') return { wanted: option, because: `${trigger.who} asked for ${option}` };
  return { wanted: option, because: `the plan says ${option} for this criterion` };
}

async function attemptRollback(
  deployment: Deployment,
  chosen: { trigger: RollbackTrigger; option: RollbackOption; reasons: string[]; attempt: number },
): Promise<RollbackRecord> {
  const { ledger, plan, input, evidence } = deployment;
  const { option, trigger, attempt } = chosen;
  const workflowId = rollbackWorkflowId(input.deployment, option, attempt);
  const record: RollbackRecord = {
    option,
    workflowId,
    trigger,
    reasons: chosen.reasons,
    startedAt: Date.now(),
    steps: [],
    estimate: plan.rollback.estimates[option],
  };
  ledger.rollback = record;
  deployment.publish();
  const ended = executeChild(WORKFLOWS[option], {
    workflowId,
    // A rollback that has begun is finished, whatever becomes of its parent.
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `Roll back ${option}: ${trigger.text}`.slice(0, 200),
    args: [
      {
        deployment: input.deployment,
        plan,
        runner: deployment.runner,
        evidence,
        trigger,
        attempt,
        maintenance: ledger.production.maintenance,
        previousRevision: ledger.production.previousRevision ?? null,
      },
    ],
  });
  try {
    const result = await ended;
    record.took = result.endedAt - result.startedAt;
    record.succeeded = result.succeeded;
    record.reason = result.reason;
    record.steps = result.steps;
  } catch (error) {
    // Terminated or timed out by somebody: production is in an unknown state, as after any rollback that failed.
    if (!(error instanceof TemporalFailure)) throw error;
    record.succeeded = false;
    record.reason = describe(error);
  }
  record.endedAt = Date.now();
  deployment.publish();
  return record;
}

/** Users come back only to a production that is proven to be well. */
async function reopen(deployment: Deployment): Promise<void> {
  const { ledger, input } = deployment;
  if (!ledger.production.maintenance) return;
  const key = { deployment: input.deployment, step: 'rollback.maintenance-off', generation: 1 };
  try {
    await turnMaintenanceOff(deployment, key, 'Turn maintenance mode off after the rollback');
  } catch (error) {
    ledger.untold.push(`maintenance mode could not be turned off: ${error instanceof Error ? error.message : error}`);
  }
}

/** A failed rollback leaves production in an unknown state: users are kept out of it until people have looked. */
async function lockOut(deployment: Deployment): Promise<void> {
  const { ledger, plan, evidence, input } = deployment;
  const command = plan.commands.maintenanceOn;
  if (!command || ledger.production.maintenance) return;
  const key = {
    deployment: input.deployment,
    step: 'rollback.maintenance-on',
    generation: ledger.earlierRollbacks.length + 1,
  };
  try {
    await commandsOn(deployment.runner).runCommand.executeWithOptions(
      { summary: 'Turn maintenance mode on: the rollback failed' },
      [{ key, evidence, environment: plan.environments.production, command, values: {} }],
    );
    ledger.production.maintenance = true;
  } catch (error) {
    ledger.untold.push(`maintenance mode could not be turned on: ${error instanceof Error ? error.message : error}`);
  }
}
