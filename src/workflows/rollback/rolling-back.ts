/** From "production has to go back" to "production is back", or to people who know that it is not. */
import { ParentClosePolicy, startChild, TemporalFailure } from '@temporalio/workflow';
import { childAttributes } from '../../contract/deployment.js';
import { rollbackPlan } from '../../contract/messages.js';
import { rollbackWorkflowId } from '../../contract/names.js';
import { whoAndWhy } from '../../domain/evidence.js';
import type { DecisionRecord, RollbackKind, RollbackRecord, RollbackTrigger } from '../../domain/ledger/ledger.js';
import { destinationOf } from '../../domain/rollback/destination.js';
import { releaseBefore } from '../../domain/rollback/facts.js';
import { type FullRollback, orderFor } from '../../domain/rollback/order.js';
import { queueFor } from '../../domain/runner.js';
import { catchUp } from '../run/catch-up.js';
import type { Deployment } from '../run/deployment.js';
import { describe, isUnknown } from '../run/failures.js';
import { turnMaintenanceOff } from '../run/maintenance.js';
import type { Ask } from '../run/questions.js';
import { type Chosen, chooseRollbackKind, estimateOf, personal, rollbackKinds, Wishes } from './choosing.js';
import {
  RollbackCodeWorkflow,
  RollbackFullWorkflow,
  RollbackMigrationWorkflow,
  RollbackRestoreWorkflow,
} from './rollback.js';

const WORKFLOWS = {
  migration: RollbackMigrationWorkflow,
  code: RollbackCodeWorkflow,
  full: RollbackFullWorkflow,
  restore: RollbackRestoreWorkflow,
};

/** Rolls production back, as often as people want it tried. @returns whether production is back, and how that is known */
export async function rollBack(
  deployment: Deployment,
  trigger: RollbackTrigger,
): Promise<{ succeeded: boolean; reason: string }> {
  const { ledger } = deployment;
  const wishes = new Wishes(ledger);
  const left = (by: DecisionRecord) => ({ succeeded: false, reason: `${trigger.text}; left to ${by.who}: ${by.why}` });
  const leaves = await deployment.lookedAt();
  if (leaves) return left(leaves);
  const said = await deployment.settle({ moves: ['confirm', 'rollback', 'skip'], advice: ADVICE });
  if (said?.kind === 'skip') {
    await lockOut(deployment, 1);
    return left(said);
  }
  const chosen = await chooseRollbackKind(deployment, said?.option ? personal(said, trigger) : trigger, wishes);
  if ('leftTo' in chosen) {
    await lockOut(deployment, 1);
    return { succeeded: false, reason: `${trigger.text}; ${chosen.leftTo}` };
  }
  let { option, reasons, revision } = chosen;
  let mayBeOn = false;
  let again = false;
  for (let generation = 1; ; generation++) {
    const leaves = await deployment.lookedAt();
    if (leaves) return left(leaves);
    mayBeOn = (await maintenanceSettled(deployment)) || mayBeOn;
    let order: FullRollback | undefined;
    do {
      const wish = wishes.next();
      ({ option, reasons, revision } = asWished({ option, reasons, revision }, wish));
      again ||= wish?.option !== undefined;
      order = option === 'full' ? orderNow(deployment) : undefined;
      deployment.tell({ kind: 'rollback-started', option, reason: trigger.text });
      const isCovered = order?.proven === false || option === 'restore';
      if (isCovered) mayBeOn = (await coverMixture(deployment, generation)) || mayBeOn;
    } while (wishes.isAny);
    const record = await runRollback(deployment, { trigger, option, order, reasons, revision, generation, again });
    if (record.succeeded) {
      await reopen(deployment, mayBeOn);
      deployment.tell({ kind: 'rollback-ended', option, reason: trigger.text, took: record.took ?? 0 });
      return { succeeded: true, reason: `${trigger.text}; ${option} rollback, proven on production` };
    }
    const answer = await askAboutFailed(deployment, { record, generation });
    if (answer.kind === 'skip') {
      return {
        succeeded: false,
        reason: `${trigger.text}; rollback failed: ${record.reason}; left to ${answer.who}: ${answer.why}`,
      };
    }
    ledger.earlierRollbacks.push(record);
    reasons = [...reasons, `attempt ${generation} (${option}) failed: ${record.reason}`];
    again = answer.kind === 'rollback';
    if (answer.option) {
      option = answer.option;
      revision = answer.kind === 'rollback' ? answer.revision : undefined;
      reasons.push(whoAndWhy(answer, `chose ${option}`));
    }
  }
}

const ADVICE =
  'Production is to be rolled back, and no command of that begins beside this one: confirm that it has ended, choose a ' +
  'way back, which ends what is left of it first, or leave it (skip)';

const BEFORE_THE_ROLLBACK =
  'The rollback begins when somebody has confirmed that users are kept out, or goes on without (skip), which ends what ' +
  'is left of the command first';

/**
 * Where nobody knows how maintenance mode was turned on, the rollback waits for somebody who has looked.
 * @returns whether it may be on, although it is gone on without
 */
async function maintenanceSettled(deployment: Deployment): Promise<boolean> {
  const said = await deployment.settle({ moves: ['confirm', 'skip'], advice: BEFORE_THE_ROLLBACK });
  if (said?.kind === 'confirm') deployment.ledger.production.maintenance = true;
  return said !== undefined && said.kind !== 'confirm';
}

/** Who asks for a rollback without saying which one, asks for what is about to begin. */
function asWished(chosen: Chosen, wish: DecisionRecord | undefined): Chosen {
  if (!wish?.option) return chosen;
  const { option, revision } = wish;
  return { option, revision, reasons: [...chosen.reasons, whoAndWhy(wish, `chose ${option} instead`)] };
}

/** Users are kept out of a production in trouble; where a command may be at work, when people have said what it is at. */
async function askAboutFailed(
  deployment: Deployment,
  { record, generation }: { record: RollbackRecord; generation: number },
): Promise<DecisionRecord> {
  const { option } = record;
  const asked = {
    kind: 'rollback-failed',
    id: 'rollback',
    moves: ['retry', 'rollback', 'skip'],
  } satisfies Partial<Ask>;
  const ways = `Ways back: ${rollbackKinds(deployment)}`;
  const said = await deployment.settle({
    ...asked,
    advice: `What is left of it is ended before anything follows. ${ways}`,
  });
  await lockOut(deployment, generation);
  if (said) return said;
  const title = `The ${option} rollback failed`;
  const text = `${record.reason ?? 'it is not known why'}. ${ways}`;
  return deployment.ask({ ...asked, title, text, roles: deployment.allRoles });
}

async function runRollback(
  deployment: Deployment,
  chosen: {
    trigger: RollbackTrigger;
    option: RollbackKind;
    order?: FullRollback;
    reasons: string[];
    revision?: string;
    generation: number;
    /** A person has named it after one had failed. */
    again: boolean;
  },
): Promise<RollbackRecord> {
  const { ledger, plan, input, evidence } = deployment;
  const { option, order, trigger, generation } = chosen;
  const destination = destinationOf(ledger, chosen.revision);
  const { found = {} } = ledger.production;
  const workflowId = rollbackWorkflowId(input.deployment, option, generation);
  const record: RollbackRecord = {
    option,
    workflowId,
    trigger,
    reasons: order ? [...chosen.reasons, mixtureOf(order, deployment)] : chosen.reasons,
    startedAt: Date.now(),
    steps: [],
    estimate: estimateOf(deployment, option),
  };
  ledger.rollback = record;
  deployment.publish();
  const begunOn = queueFor(deployment, 'production');
  try {
    const result = await deployment.accompany(async (queues) => {
      const child = await startChild(WORKFLOWS[option], {
        workflowId,
        // A rollback that has begun is finished, whatever becomes of its parent.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        typedSearchAttributes: childAttributes({ deployment: input.deployment, service: plan.service }),
        staticSummary: `Roll back ${option}: ${trigger.text}`.slice(0, 200),
        args: [
          {
            deployment: input.deployment,
            plan: rollbackPlan(plan),
            ...queues,
            authority: deployment.authority,
            evidence,
            trigger,
            generation,
            maintenance: ledger.production.maintenance,
            previous: releaseBefore(ledger) ?? plan.release.previous,
            found,
            ...('to' in destination ? { downgradeTo: destination.to } : {}),
            first: order?.first,
            backup: ledger.production.backup,
            ...(chosen.again ? { again: true } : {}),
          },
        ],
      });
      deployment.followed();
      return child;
    });
    record.took = result.endedAt - result.startedAt;
    record.succeeded = result.succeeded;
    record.reason = result.reason;
    record.steps = result.steps;
    if (result.steps.some(({ unknown }) => unknown)) isUnsettled(deployment, { record, generation, begunOn });
    await catchUp(result.endedAt, 'the rollback');
  } catch (error) {
    // Terminated or timed out by somebody: production is in an unknown state, as after any rollback that failed.
    if (!(error instanceof TemporalFailure)) throw error;
    record.succeeded = false;
    record.reason = describe(error);
    // Its command, if one was under way, goes on.
    isUnsettled(deployment, { record, generation, begunOn });
  }
  record.endedAt = Date.now();
  deployment.publish();
  return record;
}

/** A rollback of whose commands nobody knows how they ended. */
interface Ended {
  record: RollbackRecord;
  generation: number;
  /** The queue of the runner that it began on. */
  begunOn: string;
}

function isUnsettled(
  { ledger }: Deployment,
  { record: { option, reason = '' }, generation, begunOn: runner }: Ended,
): void {
  const title = `the ${option} rollback`;
  ledger.unsettled = { step: `rollback-${option}`, generation, title, text: reason, environment: 'production', runner };
}

/** Users come back only to a production that is proven to be well. */
async function reopen(deployment: Deployment, mayBeOn: boolean): Promise<void> {
  const { ledger, input } = deployment;
  if ((!ledger.production.maintenance && !mayBeOn) || (await deployment.lookedAt())) return;
  const key = { deployment: input.deployment, step: 'rollback.maintenance-off', generation: 1 };
  try {
    await turnMaintenanceOff(deployment, key, 'Turn maintenance mode off after the rollback');
  } catch (error) {
    ledger.untold.push(`maintenance mode could not be turned off: ${describe(error)}`);
  }
}

/** What goes back first where both do, as far as staging has tried the release that ran. */
function orderNow({ ledger, plan }: Deployment): FullRollback {
  const { previous } = plan.release;
  return orderFor(ledger.eligibility?.full, (releaseBefore(ledger) ?? previous) === previous);
}

/** The order and its reason, with what users have of it where nobody has shown that they can be served meanwhile. */
function mixtureOf({ proven, reason }: FullRollback, { ledger }: Deployment): string {
  if (proven) return reason;
  return `${reason}: ${ledger.production.maintenance ? 'users get maintenance mode' : 'users may meet errors'} until both are back`;
}

/**
 * Between the two users would be on a mixture that nobody has seen work, and what they write while a backup is put in
 * place would be lost: they get maintenance mode, where the plan has it.
 */
async function coverMixture(deployment: Deployment, generation: number): Promise<boolean> {
  if (!deployment.plan.commands.maintenanceOff) return false;
  await keepUsersOut(deployment, { step: 'rollback.maintenance-first', generation }, 'code and schema go back');
  return maintenanceSettled(deployment);
}

/** A failed rollback leaves production in an unknown state: users are kept out of it until people have looked. */
const lockOut = (deployment: Deployment, generation: number): Promise<void> =>
  keepUsersOut(deployment, { step: 'rollback.maintenance-on', generation }, 'the rollback failed');

async function keepUsersOut(
  deployment: Deployment,
  step: { step: string; generation: number },
  because: string,
): Promise<void> {
  const { ledger, plan, evidence, input } = deployment;
  const command = plan.commands.maintenanceOn;
  if (!command || ledger.production.maintenance || (await deployment.lookedAt())) return;
  const key = { deployment: input.deployment, ...step };
  const environment = plan.environments.production;
  const runner = queueFor(deployment, environment.name);
  try {
    await deployment.commands.runCommand.executeWithOptions({ summary: `Turn maintenance mode on: ${because}` }, [
      { key, evidence, environment, command, values: {} },
    ]);
    ledger.production.maintenance = true;
  } catch (error) {
    const text = describe(error);
    ledger.untold.push(`maintenance mode could not be turned on: ${text}`);
    const { name } = environment;
    if (isUnknown(error))
      ledger.unsettled = { ...step, title: 'Turn maintenance mode on', text, environment: name, runner };
  }
}
