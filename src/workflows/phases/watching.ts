/** Watching an environment for a while: one child workflow, its verdict, and what becomes of it. */
import {
  CancellationScope,
  condition,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  sleep,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { concernDismissed, type MonitorResult } from '../../contract/messages.js';
import { monitorWorkflowId } from '../../contract/names.js';
import type { Watch } from '../../contract/plan.js';
import type { Attestation, StepReport } from '../../domain/evidence.js';
import type { OpenQuestion } from '../../domain/ledger.js';
import { watchFacts } from '../../domain/watch-facts.js';
import { type Deployment, RollbackNeeded } from '../deployment.js';
import { MonitorWorkflow } from '../monitor.js';

/** How a watch ended, and who carried on despite which of its criteria. */
export interface Watched {
  result: MonitorResult;
  waivers: ReadonlyMap<string, Attestation>;
}

/** Runs a watch to its end and keeps its record in the ledger. */
export async function watchOver(
  deployment: Deployment,
  watch: Watch,
  options: { generation: number; baselines: Record<string, number> },
): Promise<Watched> {
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
  const waivers = new Map<string, Attestation>();
  // Cancelled at once when people stop the deployment, while the child is still ending: nobody awaits it by then.
  const passOn = passDismissals(deployment, { workflowId, waivers, ended: () => ended }).catch((error) => {
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
        },
      ],
    });
    const { endedAt, verdict, ticks, samples, criteria } = result;
    Object.assign(record, { endedAt, verdict, ticks, samples, criteria });
    deployment.publish();
    // A child's time may run ahead when the server skips time; in real time there is nothing to wait for.
    if (endedAt > Date.now()) await sleep(endedAt - Date.now(), { summary: `Catch up with ${watch.title}` });
    return { result, waivers };
  } finally {
    ended = true;
    // Answered in the moment in which the watch ended: nobody has passed it on, and it counts.
    for (const question of answeredConcerns(deployment)) noteWaiver(waivers, question);
    ledger.questions = ledger.questions.filter(({ kind }) => kind !== 'concern');
    deployment.publish();
    await passOn;
  }
}

/** Longest guard before the next one takes over, milliseconds. */
const GUARD_LASTS = 7 * 24 * 3_600_000;

/**
 * Waits for people with production watched meanwhile by the criteria that call for a rollback: a breach is acted on in
 * every state, also while somebody is being waited for.
 * @throws RollbackNeeded at a breach
 */
export async function guarded<T>(deployment: Deployment, watch: Watch, wait: () => Promise<T>): Promise<T> {
  const criteria = watch.criteria.filter(({ tier }) => tier === 'rollback');
  const metrics = watch.metrics.filter(({ name }) => criteria.some(({ metric }) => metric === name));
  if (criteria.length === 0) return wait();
  const title = `Guard while people are waited for (${watch.title})`;
  const guard: Watch = { ...watch, id: 'guard', title, criteria, metrics, trends: [], duration: GUARD_LASTS };
  const scope = new CancellationScope();
  let broken: RollbackNeeded | undefined;
  const watching = scope.run(async () => {
    while (!broken) {
      deployment.guards += 1;
      const options = { generation: deployment.guards, baselines: deployment.baselines };
      const watched = await watchOver(deployment, guard, options).catch(replaceable);
      if (watched?.result.breach) broken = rollbackFor(watched.result.breach, reportOf(guard, watched));
      if (!watched) await sleep(guard.tick, { summary: 'Set up another guard' });
    }
  });
  try {
    const waited = wait();
    await Promise.race([waited, watching]);
    if (!broken) return await waited;
  } finally {
    scope.cancel();
    await watching.catch(() => undefined);
  }
  // Also when people answered in the very moment of the breach.
  throw broken;
}

/** A guard that somebody has ended says nothing about production: another one takes its place. */
function replaceable(error: unknown): undefined {
  if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
}

/** A breach as the reason for a rollback, with what was watched until then. */
export const rollbackFor = (
  { criterion, text, option, at }: NonNullable<MonitorResult['breach']>,
  report: StepReport,
): RollbackNeeded => new RollbackNeeded({ kind: 'criterion', criterion, text, option, breachedAt: at }, report);

/** A person who carries on despite a concern is heard by the monitor that raised it. */
async function passDismissals(
  deployment: Deployment,
  watch: { workflowId: string; waivers: Map<string, Attestation>; ended: () => boolean },
): Promise<void> {
  while (!watch.ended()) {
    await condition(() => watch.ended() || answeredConcerns(deployment).length > 0);
    const [question] = answeredConcerns(deployment);
    if (!question) continue;
    noteWaiver(watch.waivers, question);
    deployment.closeQuestion(question);
    await getExternalWorkflowHandle(watch.workflowId)
      .signal(concernDismissed, { criterion: question.id })
      .catch(() => undefined); // the monitor has just ended: nothing left to dismiss
  }
}

const answeredConcerns = ({ ledger }: Deployment): OpenQuestion[] =>
  ledger.questions.filter(({ kind, answer }) => kind === 'concern' && answer !== undefined);

function noteWaiver(waivers: Map<string, Attestation>, { id, answer }: OpenQuestion): void {
  if (!answer) return;
  const { who, role, why } = answer;
  waivers.set(id, why === undefined ? { who, role } : { who, role, why });
}

/** A watch as a step's report: one fact for each criterion and trend. */
export function reportOf(watch: Watch, { result, waivers }: Watched): StepReport {
  const trends = watch.trends.map(({ id }) => id);
  return {
    summary: `${watch.title}: ${result.verdict}, ${result.samples} samples in ${result.ticks} ticks`,
    facts: watchFacts({ criteria: result.criteria, trends, endedEarly: result.breach !== undefined, waivers }),
    evidence: result.evidence,
  };
}
