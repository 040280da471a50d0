/** Watching an environment for a while: one child workflow, its verdict, and what becomes of it. */
import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { childAttributes } from '../../contract/deployment.js';
import { FailureType } from '../../contract/errors.js';
import { concernDismissed, runnerMoved, type WatchResult } from '../../contract/messages.js';
import { watchWorkflowId } from '../../contract/names.js';
import type { Watch } from '../../contract/plan/watch.js';
import { secondPlacesOf } from '../../contract/second-places.js';
import { type Attestation, attestationOf, type StepReport } from '../../domain/evidence.js';
import type { OpenQuestion, WatchRecord } from '../../domain/ledger/ledger.js';
import { queueFor } from '../../domain/runner.js';
import { watchFacts } from '../../domain/watch/facts.js';
import { longestOf } from '../../domain/watch/watch-state.js';
import { urgentSeal } from '../common/policies.js';
import type { Notifier } from '../telling/notifier.js';
import { MonitorWorkflow } from '../watch/watch.js';
import { catchUp } from './catch-up.js';
import type { Context } from './context.js';
import { cancelledAlone, describe, isFailure, RollbackNeeded } from './failures.js';
import type { Questions } from './questions.js';

/** How a watch ended, and who carried on despite which of its criteria. */
export interface Watched {
  result: WatchResult;
  waivers: ReadonlyMap<string, Attestation>;
}

export class Watching {
  /** Samples that are being sealed. */
  private readonly sealing = new Set<Promise<void>>();

  constructor(
    private readonly context: Context,
    private readonly questions: Questions,
    private readonly notifier: Notifier,
  ) {}

  /** Runs a watch to its end and keeps its record in the ledger. */
  async over(
    watch: Watch,
    { generation, baselines }: { generation: number; baselines: Record<string, number> },
  ): Promise<Watched> {
    const { ledger, plan, evidence, input, authority, allRoles: roles } = this.context;
    const { deployment, clock } = input;
    const workflowId = watchWorkflowId(deployment, watch.id, generation);
    const record = this.begin(watch, workflowId);
    const elsewhere = secondPlacesOf(plan, watch.environment);
    const alarm = watch.environment === 'production' ? this.notifier.alarm({ ...watch, workflowId }) : undefined;
    let ended = false;
    const waivers = new Map<string, Attestation>();
    const runner = this.context.runners?.[watch.environment]?.queue;
    // Cancelled at once when people stop the deployment, while the child is still ending: nobody awaits it by then.
    const dismissals = this.passDismissals({ workflowId, waivers, ended: () => ended });
    const moves = runner === undefined ? [] : [this.passMoves(watch, { workflowId, ended: () => ended })];
    const passing: Promise<unknown> = moves.length === 0 ? dismissals : Promise.all([dismissals, ...moves]);
    const passOn = passing.catch((error) => {
      if (!isCancellation(error)) throw error;
    });
    try {
      const result = await executeChild(MonitorWorkflow, {
        workflowId,
        staticSummary: `${watch.title} (${watch.environment})`,
        typedSearchAttributes: childAttributes({ deployment, service: plan.service }),
        // Its deadline, which the server keeps at no event's cost: of a watch that hangs, whatever it hangs on, people hear.
        // Time that is skipped would count twice where a watch continues as new.
        ...(clock === 'real' ? { workflowExecutionTimeout: longestOf(watch) } : {}),
        // Asked to end rather than ended, where somebody has to hear of it.
        parentClosePolicy: alarm ? ParentClosePolicy.REQUEST_CANCEL : ParentClosePolicy.TERMINATE,
        args: [
          {
            deployment,
            service: plan.service,
            parent: workflowInfo().workflowId,
            watch,
            evidence,
            clock,
            baselines,
            roles,
            ...(elsewhere.length > 0 ? { elsewhere } : {}),
            ...(authority ? { authority } : {}),
            ...(alarm ? { alarm } : {}),
            ...(runner === undefined ? {} : { runner }),
          },
        ],
      }).catch(endedBadly);
      const { endedAt, verdict, ticks, samples, criteria } = result;
      Object.assign(record, { endedAt, verdict, ticks, samples, criteria });
      if (result.breach) this.context.giveWay();
      this.context.publish();
      if (result.breach) this.seal(watch, result);
      await catchUp(endedAt, watch.title);
      return { result, waivers };
    } finally {
      ended = true;
      // Stopped from outside, or because nobody needs it any more: it does not run on in the ledger.
      record.endedAt ??= Date.now();
      // Answered in the moment in which the watch ended: nobody has passed it on, and it counts.
      for (const question of this.answeredConcerns()) noteWaiver(waivers, question);
      ledger.questions = ledger.questions.filter(({ kind }) => kind !== 'concern');
      this.context.publish();
      await passOn;
    }
  }

  /** What has led to a breach is evidence, or it is known why not. */
  async sealed(): Promise<void> {
    await Promise.all(this.sealing);
  }

  /** Beside what follows a breach: no store keeps production waiting. The evidence joins what the watch has reported. */
  private seal({ id: monitor, title }: Watch, result: WatchResult): void {
    const { evidence, ledger } = this.context;
    const sealing = CancellationScope.nonCancellable(async () => {
      await this.context.givenWay;
      try {
        const summary = `Seal the samples of ${title}`;
        result.evidence.push(...(await urgentSeal.sealSeries.executeWithOptions({ summary }, [{ monitor, evidence }])));
      } catch (error) {
        if (!isFailure(error)) throw error;
        ledger.unkept = [...(ledger.unkept ?? []), `the samples of ${title} are not sealed: ${describe(error)}`];
      }
      this.context.publish();
    });
    this.sealing.add(sealing);
  }

  private begin({ id, title }: Watch, workflowId: string): WatchRecord {
    const { ledger } = this.context;
    const now = Date.now();
    const record: WatchRecord = { id, workflowId, title, startedAt: now, ticks: 0, samples: 0, criteria: [] };
    ledger.monitors = [...ledger.monitors.filter((other) => other.id !== id), record];
    this.context.publish();
    return record;
  }

  /** A person who carries on despite a concern is heard by the watch that raised it. */
  private async passDismissals(watch: {
    workflowId: string;
    waivers: Map<string, Attestation>;
    ended: () => boolean;
  }): Promise<void> {
    while (!watch.ended()) {
      await condition(() => watch.ended() || this.answeredConcerns().length > 0);
      const [question] = this.answeredConcerns();
      if (!question) continue;
      noteWaiver(watch.waivers, question);
      this.questions.close(question);
      await getExternalWorkflowHandle(watch.workflowId)
        .signal(concernDismissed, { criterion: question.id })
        .catch(() => undefined); // the watch has just ended: nothing left to dismiss
    }
  }

  /** The runner of its environment takes its samples, where that has one of its own. */
  private async passMoves(
    { environment }: Watch,
    { workflowId, ended }: { workflowId: string; ended: () => boolean },
  ): Promise<void> {
    for (let known = queueFor(this.context, environment); ; ) {
      await condition(() => ended() || queueFor(this.context, environment) !== known);
      if (ended()) return;
      known = queueFor(this.context, environment);
      await getExternalWorkflowHandle(workflowId)
        .signal(runnerMoved, { runner: known })
        .catch(() => undefined); // the watch has just ended
    }
  }

  private answeredConcerns(): OpenQuestion[] {
    return this.context.ledger.questions.filter(({ kind, answer }) => kind === 'concern' && answer !== undefined);
  }
}

/** A watch that has not come to its end in time has failed: nobody knows what there was to see. */
function endedBadly(error: unknown): never {
  if (!(error instanceof ChildWorkflowFailure && error.cause instanceof TimeoutFailure)) return cancelledAlone(error);
  const { workflowId } = error.execution;
  const message =
    'it has not come to its end, long after its time: nobody knows what it would have seen. ' +
    `What has kept it is in Temporal, in the history of ${workflowId}`;
  throw ApplicationFailure.create({ type: FailureType.StepFailed, message, nonRetryable: true });
}

function noteWaiver(waivers: Map<string, Attestation>, { id, answer }: OpenQuestion): void {
  if (answer) waivers.set(id, attestationOf(answer));
}

/** A breach as the reason for a rollback, with what was watched until then. */
export const rollbackFor = (
  { criterion, text, option, at }: NonNullable<WatchResult['breach']>,
  report: StepReport,
): RollbackNeeded => new RollbackNeeded({ kind: 'criterion', criterion, text, option, breachedAt: at }, report);

/** A watch as a step's report: one fact for each criterion and trend. */
export function reportOf(watch: Watch, { result, waivers }: Watched): StepReport {
  const trends = watch.trends.map(({ id }) => id);
  return {
    summary: `${watch.title}: ${result.verdict}, ${result.samples} samples in ${result.ticks} ticks`,
    facts: watchFacts({ criteria: result.criteria, trends, endedEarly: result.breach !== undefined, waivers }),
    evidence: result.evidence,
  };
}
