/** The whole deployment, from "is everything ready?" to "24 hours later, all is well". */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  TemporalFailure,
} from '@temporalio/workflow';
import type { DeployInput, DeployResult } from '../contract/deployment.js';
import { hasChanged } from '../domain/decisions.js';
import type { DecisionRecord, Outcome, RollbackTrigger } from '../domain/ledger.js';
import { Deployment, describe, RollbackNeeded } from './deployment.js';
import { approval } from './phases/approval.js';
import { closing } from './phases/closing.js';
import { prerequisites } from './phases/prerequisites.js';
import { production, turnMaintenanceOff } from './phases/production.js';
import { rollBack } from './phases/rolling-back.js';
import { soak } from './phases/soak.js';
import { staging } from './phases/staging.js';
import { watch } from './phases/watch.js';

export async function DeployWorkflow(input: DeployInput): Promise<DeployResult> {
  const deployment = new Deployment(input);
  return carryOut(deployment, async () => {
    await prerequisites(deployment);
    await staging(deployment);
    await soak(deployment);
    await approval(deployment);
    await production(deployment);
    await watch(deployment);
    await closing(deployment);
  });
}

/** Runs the phases; whatever ends them early leads to a modelled ending that is told and has a reason. */
async function carryOut(deployment: Deployment, phases: () => Promise<void>): Promise<DeployResult> {
  deployment.publish();
  let ended: { outcome: Outcome; reason: string };
  try {
    await deployment.forward.run(phases);
    ended = { outcome: 'succeeded', reason: 'all phases passed' };
  } catch (error) {
    // A mistake in this code is neither a failure of the deployment nor a reason to roll back: the task is retried.
    if (!(error instanceof RollbackNeeded || error instanceof TemporalFailure)) throw error;
    ended = await CancellationScope.nonCancellable(() => endEarly(deployment, error));
  }
  return CancellationScope.nonCancellable(() => conclude(deployment, ended));
}

async function endEarly(deployment: Deployment, error: unknown): Promise<{ outcome: Outcome; reason: string }> {
  const { ledger } = deployment;
  ledger.questions = [];
  ledger.held = undefined;
  const text = ledger.stop ? words(ledger.stop) : isCancellation(error) ? 'cancelled in Temporal' : describe(error);
  if (hasChanged(ledger)) {
    const trigger = triggerOf(ledger.stop, error, text);
    // From here on another stop has nothing to stop: it is refused, not accepted and forgotten.
    ledger.stop ??= {
      kind: 'rollback',
      who: 'surefoot',
      role: 'plan',
      why: text,
      at: Date.now(),
      via: 'signal',
      accepted: true,
      reason: 'the plan calls for a rollback',
    };
    const { succeeded, reason } = await rollBack(deployment, trigger);
    return { outcome: succeeded ? 'rolled-back' : 'rollback-failed', reason };
  }
  if (ledger.production.maintenance) {
    const key = { deployment: deployment.input.deployment, step: 'stop.maintenance-off', generation: 1 };
    await turnMaintenanceOff(deployment, key, 'Turn maintenance mode off: nothing was deployed').catch((failure) =>
      ledger.untold.push(`maintenance mode could not be turned off: ${describe(failure)}`),
    );
  }
  return { outcome: ledger.stop?.kind === 'reject' ? 'rejected' : 'aborted', reason: text };
}

function triggerOf(stop: DecisionRecord | undefined, error: unknown, text: string): RollbackTrigger {
  if (error instanceof RollbackNeeded && !stop) return error.trigger;
  return { kind: 'person', who: stop?.who ?? 'Temporal', text, option: stop?.option };
}

const words = ({ kind, who, role, why }: DecisionRecord): string =>
  `${kind} by ${who} as ${role}${why ? `: ${why}` : ''}`;

async function conclude(deployment: Deployment, ended: { outcome: Outcome; reason: string }): Promise<DeployResult> {
  const { ledger, plan } = deployment;
  const result: DeployResult = Object.assign(ledger, { ...ended, endedAt: Date.now() });
  deployment.tell(`${plan.title}: ${ended.outcome}: ${ended.reason}`);
  deployment.publish();
  await deployment.told();
  await condition(allHandlersFinished);
  return result;
}
