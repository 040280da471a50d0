/** Watching an environment for a while: one child workflow, its verdict, and what becomes of it. */
import {
  condition,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { concernDismissed, type MonitorResult } from '../../contract/messages.js';
import { monitorWorkflowId } from '../../contract/names.js';
import type { Watch } from '../../contract/plan.js';
import type { StepReport } from '../../domain/evidence.js';
import type { Deployment } from '../deployment.js';
import { MonitorWorkflow } from '../monitor.js';

/** Runs a watch to its end and keeps its record in the ledger. */
export async function watchOver(
  deployment: Deployment,
  watch: Watch,
  options: { generation: number; baselines: Record<string, number> },
): Promise<MonitorResult> {
  const { ledger, plan, evidence, input } = deployment;
  const workflowId = monitorWorkflowId(input.deployment, watch.id, options.generation);
  const record = {
    id: watch.id,
    workflowId,
    title: watch.title,
    startedAt: Date.now(),
    ticks: 0,
    samples: 0,
    criteria: [],
  };
  ledger.monitors = [...ledger.monitors.filter(({ id }) => id !== watch.id), record];
  deployment.publish();

  let ended = false;
  // Cancelled at once when people stop the deployment, while the child is still ending: nobody awaits it by then.
  const passOn = passDismissals(deployment, workflowId, () => ended).catch((error) => {
    if (!isCancellation(error)) throw error;
  });
  try {
    const result = await executeChild(MonitorWorkflow, {
      workflowId,
      staticSummary: `${watch.title} (${watch.environment})`,
      args: [
        {
          deployment: input.deployment,
          service: plan.service,
          parent: workflowInfo().workflowId,
          watch,
          evidence,
          clock: input.clock,
          baselines: options.baselines,
          roles: deployment.allRoles,
          webhook: plan.announcements.webhook,
        },
      ],
    });
    const { endedAt, verdict, ticks, samples, criteria } = result;
    Object.assign(record, { endedAt, verdict, ticks, samples, criteria });
    // A child's time may run ahead when the server skips time; in real time there is nothing to wait for.
    if (endedAt > Date.now()) await sleep(endedAt - Date.now(), { summary: `Catch up with ${watch.title}` });
    return result;
  } finally {
    ended = true;
    ledger.questions = ledger.questions.filter(({ kind }) => kind !== 'concern');
    deployment.publish();
    await passOn;
  }
}

/** A person who carries on despite a concern is heard by the monitor that raised it. */
async function passDismissals(deployment: Deployment, workflowId: string, ended: () => boolean): Promise<void> {
  const answered = () => deployment.ledger.questions.find(({ kind, answer }) => kind === 'concern' && answer);
  while (!ended()) {
    await condition(() => ended() || answered() !== undefined);
    const question = answered();
    if (!question) continue;
    deployment.closeQuestion(question);
    await getExternalWorkflowHandle(workflowId)
      .signal(concernDismissed, { criterion: question.id })
      .catch(() => undefined); // the monitor has just ended: nothing left to dismiss
  }
}

/** A watch as a step's report: one fact for each criterion that gates. */
export function reportOf(watch: Watch, result: MonitorResult): StepReport {
  const facts = result.criteria
    .filter(({ id, tier, verdict }) => tier !== 'consider' || verdict === 'healthy' || result.openGates.includes(id))
    .map((criterion) => ({
      name: criterion.id,
      ok: criterion.verdict === 'healthy' || (criterion.verdict === 'breached' && !isOpen(result, criterion.id)),
      text: `${criterion.title}: ${criterion.verdict}, ${criterion.samples} samples (breach: ${criterion.rule})${criterion.verdict === 'unknown' && criterion.reason ? `, ${criterion.reason}` : ''}`,
    }));
  return {
    summary: `${watch.title}: ${result.verdict}, ${result.samples} samples in ${result.ticks} ticks`,
    facts,
    evidence: result.evidence,
  };
}

const isOpen = (result: MonitorResult, id: string): boolean =>
  result.breach?.criterion === id || result.openGates.includes(id);
