/** The whole deployment, from "is everything ready?" to "24 hours later, all is well". */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  TemporalFailure,
} from '@temporalio/workflow';
import type { DeployInput, DeployResult } from '../contract/deployment.js';
import { hasChanged } from '../domain/decisions/decisions.js';
import { byWhom } from '../domain/evidence.js';
import type { DecisionRecord, Outcome, RollbackTrigger } from '../domain/ledger/ledger.js';
import { mustHold } from './common/input.js';
import { archives } from './common/policies.js';
import { approval } from './phases/approval.js';
import { closing } from './phases/closing.js';
import { prerequisites } from './phases/prerequisites.js';
import { production } from './phases/production.js';
import { soak } from './phases/soak.js';
import { staging } from './phases/staging.js';
import { watch } from './phases/watch.js';
import { rollBack } from './rollback/rolling-back.js';
import { Deployment } from './run/deployment.js';
import { describe, RollbackNeeded } from './run/failures.js';
import { turnMaintenanceOff } from './run/maintenance.js';
import { appointedTime } from './steps/admission.js';

export async function DeployWorkflow(input: DeployInput): Promise<DeployResult> {
  mustHold(input, 'deployment', 'plan', 'digest', 'clock');
  const deployment = new Deployment(input);
  return carryOut(deployment, async () => {
    await appointedTime(deployment);
    await prerequisites(deployment);
    await staging(deployment);
    await soak(deployment);
    await approval(deployment);
    const before = await production(deployment);
    await watch(deployment, before);
    await closing(deployment);
  });
}

/** Runs the phases; whatever ends them early leads to a modelled ending that is told and has a reason. */
export async function carryOut(deployment: Deployment, phases: () => Promise<void>): Promise<DeployResult> {
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
  const { ledger, guard } = deployment;
  ledger.questions = [];
  ledger.held = undefined;
  // From here on another stop has nothing to stop: it is refused, not accepted and forgotten.
  const text = ledger.stop ? words(ledger.stop) : isCancellation(error) ? 'cancelled in Temporal' : describe(error);
  ledger.ending = text;
  await guard.leave();
  if (hasChanged(ledger)) {
    const trigger = triggerOf(deployment, error, text);
    const { succeeded, reason } = await rollBack(deployment, trigger);
    return { outcome: succeeded ? 'rolled-back' : 'rollback-failed', reason };
  }
  if (ledger.production.maintenance && !(await deployment.lookedAt())) await letUsersIn(deployment);
  const reason = deployment.doubt === undefined ? text : `${text}; ${deployment.doubt}`;
  return { outcome: ledger.stop?.kind === 'reject' ? 'rejected' : 'aborted', reason };
}

/** Nothing follows a command whose end nobody knows before a person has said so. */
async function letUsersIn(deployment: Deployment): Promise<void> {
  const { ledger, input } = deployment;
  const advice =
    'Maintenance mode is turned off when it is confirmed to have ended, and left as it is otherwise (skip)';
  const said = await deployment.settle({ moves: ['confirm', 'skip'], advice });
  if (said?.kind === 'skip') {
    ledger.untold.push(`maintenance mode may be on: it was left as it is ${byWhom(said)}`);
    return;
  }
  const key = { deployment: input.deployment, step: 'stop.maintenance-off', generation: 1 };
  await turnMaintenanceOff(deployment, key, 'Turn maintenance mode off: nothing was deployed').catch((failure) =>
    ledger.untold.push(`maintenance mode could not be turned off: ${describe(failure)}`),
  );
}

function triggerOf({ ledger, planned }: Deployment, error: unknown, text: string): RollbackTrigger {
  const { stop } = ledger;
  if (error instanceof RollbackNeeded && !stop) return error.trigger;
  return {
    kind: 'person',
    who: stop?.who ?? 'Temporal',
    text,
    option: stop?.option,
    revision: stop?.revision,
    planned,
  };
}

const words = (decision: DecisionRecord): string => `${decision.kind} ${byWhom(decision)}`;

async function conclude(deployment: Deployment, ended: { outcome: Outcome; reason: string }): Promise<DeployResult> {
  const { items } = deployment.counted;
  const result: DeployResult = Object.assign(deployment.ledger, { items, ...ended, endedAt: Date.now() });
  deployment.tell({ kind: 'ended', ...ended, elapsed: result.endedAt - result.startedAt });
  deployment.publish();
  await deployment.watching.sealed();
  await deployment.notifier.flushed();
  await deployment.forge.flushed();
  await archive(deployment, result);
  // Whoever has asked for a move that is being looked at hears that it is too late.
  await condition(() => allHandlersFinished() && !deployment.ledger.claims.some(({ kind }) => kind === 'move'));
  return result;
}

/** The last of all: what the deployment comes to is in it, and what could not be kept is told. */
async function archive(deployment: Deployment, result: DeployResult): Promise<void> {
  const { evidence, ledger } = deployment;
  const summary = 'Archive ledger, histories and report';
  try {
    const { untold } = await archives.archiveDeployment.executeWithOptions({ summary }, [{ evidence, ledger: result }]);
    if (untold.length > 0) ledger.unkept = [...(ledger.unkept ?? []), ...untold];
  } catch (failure) {
    // Whatever it is: all has been done and told, and nothing of this is worth holding the end up for.
    ledger.unkept = [...(ledger.unkept ?? []), `the deployment could not be archived: ${describe(failure)}`];
  }
  deployment.publish();
}
