/**
 * A stand-in for the Temporal server, for thousands of deployments a minute: workflows run in the SDK's own sandbox, as in
 * a worker; what a server would do between two workflow tasks (timers, activities, children, signals) is done here, in
 * virtual time and in an order that the test decides.
 */
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { Script } from 'node:vm';
import { defaultPayloadConverter, type Payload, TypedSearchAttributes, toPayloads } from '@temporalio/common';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import { coresdk, type temporal } from '@temporalio/proto';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm.js';
import type { WorkflowInfo } from '@temporalio/workflow';
import { SdkFlags } from '@temporalio/workflow/lib/flags.js';

type Job = coresdk.workflow_activation.IWorkflowActivationJob;
type Command = coresdk.workflow_commands.IWorkflowCommand;
type Failure = temporal.api.failure.v1.IFailure;
type Sandbox = Awaited<ReturnType<ReusableVMWorkflowCreator['createWorkflow']>>;

/** What comes of an activity after its retries. */
export type ActivityOutcome =
  | { result: unknown }
  | { failure: { message: string; type?: string; details?: unknown[] } };

/** An activity that was scheduled. */
export interface ActivityCall {
  activity: string;
  input: never;
  workflowId: string;
}

/** Says how an activity goes: how long it takes, milliseconds, and what comes of it, asked when it ends. */
export type ActivityScript = (call: ActivityCall) => { takes: number; end: () => ActivityOutcome };

export interface UpdateHandle {
  state: 'sent' | 'accepted' | 'refused' | 'completed' | 'failed';
  /** What it led to, or why it was refused. */
  text?: string;
}

/** One run of a workflow. */
export interface Execution {
  workflowId: string;
  type: string;
  runId: string;
  args: unknown[];
  startedAt: number;
  state: 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'continued';
  result?: unknown;
}

interface Run extends Execution {
  parent?: { run: Run; seq: number };
  sandbox: Sandbox;
  /** What a replay is made of. */
  tasks: { activation: coresdk.workflow_activation.IWorkflowActivation; commands: Command[] }[];
  activities: Map<number, { cancellable: boolean; cancelledAt?: number }>;
  children: Map<number, Run>;
  abandoned: boolean;
}

interface Due {
  at: number;
  order: number;
  run: Run;
  job: () => Job | undefined;
  /** The order within a task: the start, signals and updates, everything else, local activities. */
  place: -1 | 0 | 1 | 2;
  /** A timer's summary. */
  timer?: { seq: number; summary: string };
}

/** Compiles the workflows once for all runs. */
export async function compileWorkflows(): Promise<ReusableVMWorkflowCreator> {
  const workflowsPath = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  const filename = 'workflows.js';
  const script = new Script(code, { filename });
  const sourceMap = { version: 3, file: filename, sources: [], names: [], mappings: '' } as never;
  // No limit to the time of a task: each limit would cost a thread.
  const noLimit = undefined as unknown as number;
  return new ReusableVMWorkflowCreator(script, { code, sourceMap, filename }, noLimit, new EveryName());
}

/** This worker knows every activity. */
class EveryName extends Set<string> {
  override has(): boolean {
    return true;
  }
}

export class Temporal {
  readonly executions: Execution[] = [];
  /** Every activity in the order in which it was scheduled. */
  readonly scheduled: (ActivityCall & { at: number })[] = [];
  private due: Due[] = [];
  private order = 0;
  private runs = 0;
  private readonly updates = new Map<string, UpdateHandle>();

  constructor(
    private readonly creator: ReusableVMWorkflowCreator,
    /** Epoch milliseconds of virtual time. */
    public now: number,
    private readonly script: ActivityScript,
    private readonly options: {
      /** What happens at one moment to one workflow comes in one task. */
      together: boolean;
      /** The length that workflows see of their histories. */
      historyLength: (type: string) => number;
    },
  ) {}

  async start(type: string, workflowId: string, args: unknown[]): Promise<void> {
    await this.begin({ type, workflowId, args });
  }

  running(workflowId: string): Execution | undefined {
    return this.live().find((run) => run.workflowId === workflowId);
  }

  signal(workflowId: string, signalName: string, args: unknown[], at = this.now): void {
    this.deliver(workflowId, at, () => ({
      signalWorkflow: {
        signalName,
        input: toPayloads(defaultPayloadConverter, ...args),
        identity: 'test',
        headers: {},
      },
    }));
  }

  update(workflowId: string, name: string, args: unknown[], at = this.now): UpdateHandle {
    const id = `update-${this.updates.size + 1}`;
    const handle: UpdateHandle = { state: 'sent' };
    this.updates.set(id, handle);
    this.deliver(workflowId, at, () => ({
      doUpdate: {
        id,
        protocolInstanceId: id,
        name,
        input: toPayloads(defaultPayloadConverter, ...args),
        headers: {},
        meta: { identity: 'test', updateId: id },
        runValidator: true,
      },
    }));
    return handle;
  }

  /** Asks a workflow that runs or has ended. */
  async query<R>(workflowId: string, queryType: string): Promise<R> {
    const run = this.executions.findLast((execution) => execution.workflowId === workflowId) as Run;
    const jobs = [{ queryWorkflow: { queryId: 'query', queryType, arguments: [], headers: {} } }];
    const activation = coresdk.workflow_activation.WorkflowActivation.fromObject({ runId: run.runId, jobs });
    const completion = await run.sandbox.activate(activation);
    const answer = completion.successful?.commands?.[0]?.respondToQuery;
    if (!answer?.succeeded)
      throw new Error(`${queryType}: ${answer?.failed?.message ?? completion.failed?.failure?.message}`);
    return defaultPayloadConverter.fromPayload(answer.succeeded.response as Payload);
  }

  cancel(workflowId: string): void {
    this.deliver(workflowId, this.now, () => ({ cancelWorkflow: { reason: 'by somebody' } }));
  }

  terminate(workflowId: string): void {
    const run = this.running(workflowId) as Run | undefined;
    if (run)
      this.close(run, 'terminated', { failed: { failure: { message: 'terminated', terminatedFailureInfo: {} } } });
  }

  /** When the next thing happens, of those that count; undefined: never again. */
  next(
    counts: (due: { workflowId: string; timer?: string; local: boolean }) => boolean = () => true,
  ): number | undefined {
    const counted = this.due.filter(({ run: { workflowId }, timer, place }) =>
      counts({ workflowId, timer: timer?.summary, local: place === 2 }),
    );
    return counted.length === 0 ? undefined : Math.min(...counted.map(({ at }) => at));
  }

  /** Summaries of the timers that run. */
  get timers(): string[] {
    return this.due.flatMap(({ timer }) => (timer ? [timer.summary] : []));
  }

  /** Lets the next thing happen. @returns whether there was one */
  async step(): Promise<boolean> {
    const at = this.next();
    if (at === undefined) return false;
    const now = this.due.filter((due) => due.at === at).sort((a, b) => a.order - b.order);
    const first = now[0] as Due;
    const together = this.options.together ? now.filter(({ run }) => run === first.run) : [first];
    this.due = this.due.filter((due) => !together.includes(due));
    this.now = at;
    const jobs = together.sort((a, b) => a.place - b.place).flatMap(({ job }) => job() ?? []);
    if (jobs.length > 0 && first.run.state === 'running') await this.task(first.run, jobs);
    return true;
  }

  /** Every worker is gone, another one comes: each workflow is rebuilt from its history, and must do the same. */
  async restartWorkers(): Promise<void> {
    for (const run of this.live()) {
      await run.sandbox.dispose();
      run.sandbox = await this.sandboxOf(run);
      for (const { activation, commands } of run.tasks) {
        // A history says which of the SDK's own changes of behaviour it was written with.
        const availableInternalFlags = Object.values(SdkFlags).map(({ id }) => id);
        const again = await this.activate(run, { ...activation, isReplaying: true, availableInternalFlags });
        if (!isDeepStrictEqual(again, commands)) throw new Error(`${run.workflowId} did something else in its replay`);
      }
    }
  }

  async end(): Promise<void> {
    for (const execution of this.executions) await (execution as Run).sandbox.dispose();
  }

  private live(): Run[] {
    return this.executions.filter(({ state }) => state === 'running') as Run[];
  }

  private deliver(workflowId: string, at: number, job: () => Job): void {
    const run = this.running(workflowId) as Run | undefined;
    if (run) this.plan(run, at - this.now, job, { place: 0 });
  }

  private plan(run: Run, after: number, job: Due['job'], also: Partial<Due> = {}): void {
    this.order += 1;
    this.due.push({ at: this.now + Math.max(after, 0), order: this.order, run, job, place: 1, ...also });
  }

  private async begin(
    { type, workflowId, args }: Pick<Execution, 'type' | 'workflowId' | 'args'>,
    parent?: Run['parent'],
    abandoned = false,
  ): Promise<Run> {
    this.runs += 1;
    const run = {
      ...{ type, workflowId, args, parent, abandoned, runId: `run-${this.runs}` },
      ...{ startedAt: this.now, state: 'running', tasks: [], activities: new Map(), children: new Map() },
    } as unknown as Run;
    run.sandbox = await this.sandboxOf(run);
    this.executions.push(run);
    const initializeWorkflow = {
      ...{ workflowType: type, workflowId, headers: {}, firstExecutionRunId: run.runId, attempt: 1 },
      arguments: toPayloads(defaultPayloadConverter, ...args),
      startTime: msToTs(run.startedAt),
    };
    this.plan(run, 0, () => ({ initializeWorkflow }), { place: -1 });
    return run;
  }

  private sandboxOf(run: Run): Promise<Sandbox> {
    const { workflowId, runId, type, startedAt } = run;
    const startTime = new Date(startedAt);
    const info = {
      ...{ workflowId, runId, workflowType: type, searchAttributes: {}, taskQueue: 'test', namespace: 'default' },
      ...{
        typedSearchAttributes: new TypedSearchAttributes(),
        firstExecutionRunId: runId,
        originalExecutionRunId: runId,
      },
      ...{ startTime, runStartTime: startTime, taskTimeoutMs: 10_000, attempt: 1, historyLength: 3, historySize: 300 },
      ...{ continueAsNewSuggested: false, targetWorkerDeploymentVersionChanged: false, currentBuildId: '' },
      unsafe: { now: Date.now, isReplaying: false, isReplayingHistoryEvents: false, random: Math.random },
    } as unknown as WorkflowInfo;
    return this.creator.createWorkflow({
      info,
      randomnessSeed: [1, 2, 3],
      now: startedAt,
      showStackTraceSources: false,
    });
  }

  private async task(run: Run, jobs: Job[]): Promise<void> {
    const activation = {
      runId: run.runId,
      timestamp: msToTs(this.now),
      isReplaying: false,
      historyLength: this.options.historyLength(run.type),
      jobs,
    };
    const commands = await this.activate(run, activation);
    run.tasks.push({ activation, commands });
    for (const command of commands) await this.obey(run, command);
  }

  private async activate(run: Run, activation: coresdk.workflow_activation.IWorkflowActivation): Promise<Command[]> {
    const { successful, failed } = await run.sandbox.activate(activation);
    await run.sandbox.getAndResetSinkCalls();
    // A handler that throws, a promise that nobody awaits, a mistake in the workflow: the task would fail for ever.
    if (failed) throw new Error(`a task of ${run.workflowId} failed: ${inFull(failed.failure)}`);
    return successful?.commands ?? [];
  }

  private async obey(run: Run, command: Command): Promise<void> {
    const { scheduleActivity, scheduleLocalActivity, startTimer, cancelTimer } = command;
    const { startChildWorkflowExecution: child, signalExternalWorkflowExecution: signalled, updateResponse } = command;
    if (scheduleActivity) this.schedule(run, scheduleActivity, false);
    else if (scheduleLocalActivity) this.schedule(run, scheduleLocalActivity, true);
    else if (command.requestCancelActivity) this.cancelActivity(run, command.requestCancelActivity.seq ?? 0);
    else if (command.requestCancelLocalActivity) this.cancelActivity(run, command.requestCancelLocalActivity.seq ?? 0);
    else if (startTimer) {
      const seq = startTimer.seq ?? 0;
      const summary = command.userMetadata?.summary;
      const text = summary ? defaultPayloadConverter.fromPayload<string>(summary as Payload) : '';
      this.plan(run, tsToMs(startTimer.startToFireTimeout), () => ({ fireTimer: { seq } }), {
        timer: { seq, summary: text },
      });
    } else if (cancelTimer) {
      this.due = this.due.filter((due) => due.run !== run || due.timer?.seq !== cancelTimer.seq);
    } else if (child) await this.beginChild(run, child);
    else if (command.cancelChildWorkflowExecution) {
      const cancelled = run.children.get(command.cancelChildWorkflowExecution.childWorkflowSeq ?? 0);
      if (cancelled?.state === 'running')
        this.plan(cancelled, 0, () => ({ cancelWorkflow: { reason: 'by its parent' } }));
    } else if (signalled) this.passOn(run, signalled);
    else if (updateResponse) this.hear(updateResponse);
    else if (command.completeWorkflowExecution) {
      const payload = command.completeWorkflowExecution.result;
      run.result = payload ? defaultPayloadConverter.fromPayload(payload as Payload) : undefined;
      this.close(run, 'completed', { completed: { result: payload } });
    } else if (command.failWorkflowExecution) {
      this.close(run, 'failed', { failed: { failure: command.failWorkflowExecution.failure } });
    } else if (command.cancelWorkflowExecution) {
      const failure = { message: 'cancelled', canceledFailureInfo: {} };
      this.close(run, 'cancelled', { cancelled: { failure } });
    } else if (command.continueAsNewWorkflowExecution) await this.goOn(run, command.continueAsNewWorkflowExecution);
    else if (!command.upsertWorkflowSearchAttributes && !command.modifyWorkflowProperties) {
      throw new Error(`nothing is known of the command ${Object.keys(command)}`);
    }
  }

  private schedule(run: Run, scheduled: coresdk.workflow_commands.IScheduleActivity, local: boolean): void {
    const seq = scheduled.seq ?? 0;
    const activity = scheduled.activityType ?? '';
    const [payload] = scheduled.arguments ?? [];
    const input = (payload ? defaultPayloadConverter.fromPayload(payload as Payload) : undefined) as never;
    const call = { activity, input, workflowId: run.workflowId };
    this.scheduled.push({ ...call, at: this.now });
    const { takes, end } = this.script(call);
    run.activities.set(seq, { cancellable: (scheduled.cancellationType ?? 0) === 1 });
    const job = () => {
      if (!run.activities.delete(seq)) return undefined;
      return { resolveActivity: { seq, isLocal: local, result: resultOf(activity, end()) } };
    };
    this.plan(run, takes, job, { place: local ? 2 : 1 });
  }

  /** One that is waited for ends a moment later; any other one is given up at once. */
  private cancelActivity(run: Run, seq: number): void {
    const pending = run.activities.get(seq);
    if (!pending) return;
    const failure = wrapped('activity', { message: 'cancelled', canceledFailureInfo: {} });
    this.plan(run, pending.cancellable ? 1 : 0, () =>
      run.activities.delete(seq) ? { resolveActivity: { seq, result: { cancelled: { failure } } } } : undefined,
    );
  }

  private async beginChild(run: Run, child: coresdk.workflow_commands.IStartChildWorkflowExecution): Promise<void> {
    const seq = child.seq ?? 0;
    const workflowId = child.workflowId ?? '';
    const type = child.workflowType ?? '';
    if (this.running(workflowId)) {
      const failed = { workflowId, workflowType: type, cause: 1 };
      this.plan(run, 0, () => ({ resolveChildWorkflowExecutionStart: { seq, failed } }));
      return;
    }
    const args = (child.input ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload as Payload));
    const begun = await this.begin({ type, workflowId, args }, { run, seq }, child.parentClosePolicy === 2);
    run.children.set(seq, begun);
    this.plan(run, 0, () => ({ resolveChildWorkflowExecutionStart: { seq, succeeded: { runId: begun.runId } } }));
  }

  private passOn(run: Run, signalled: coresdk.workflow_commands.ISignalExternalWorkflowExecution): void {
    const { seq, workflowExecution, signalName, args } = signalled;
    const target = this.running(workflowExecution?.workflowId ?? '') as Run | undefined;
    const failure = target ? undefined : { message: 'no such workflow', applicationFailureInfo: { type: 'NotFound' } };
    if (target) {
      const signalWorkflow = { signalName, input: args, identity: run.workflowId, headers: {} };
      this.plan(target, 0, () => ({ signalWorkflow }), { place: 0 });
    }
    this.plan(run, 0, () => ({ resolveSignalExternalWorkflow: { seq, failure } }));
  }

  private hear({ protocolInstanceId, accepted, rejected, completed }: coresdk.workflow_commands.IUpdateResponse): void {
    const handle = this.updates.get(protocolInstanceId ?? '') as UpdateHandle;
    if (accepted) handle.state = 'accepted';
    else if (completed)
      Object.assign(handle, { state: 'completed', text: defaultPayloadConverter.fromPayload(completed as Payload) });
    else Object.assign(handle, { state: handle.state === 'sent' ? 'refused' : 'failed', text: rejected?.message });
  }

  private async goOn(run: Run, to: coresdk.workflow_commands.IContinueAsNewWorkflowExecution): Promise<void> {
    const args = (to.arguments ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload as Payload));
    run.state = 'continued';
    const unheard = this.due.filter((due) => due.run === run && due.place === 0);
    this.due = this.due.filter((due) => due.run !== run);
    const begun = await this.begin({ type: run.type, workflowId: run.workflowId, args }, run.parent, run.abandoned);
    this.due.push(...unheard.map((due) => ({ ...due, run: begun })));
    if (run.parent) run.parent.run.children.set(run.parent.seq, begun);
  }

  private close(run: Run, state: Execution['state'], result: coresdk.child_workflow.IChildWorkflowResult): void {
    run.state = state;
    this.due = this.due.filter((due) => due.run !== run);
    for (const child of run.children.values()) {
      if (child.state === 'running' && !child.abandoned) this.close(child, 'terminated', {});
    }
    const { parent } = run;
    if (parent?.run.state !== 'running') return;
    const ended = Object.fromEntries(
      Object.entries(result).map(([kind, value]) =>
        value.failure ? [kind, { failure: wrapped('child', value.failure) }] : [kind, value],
      ),
    );
    this.plan(parent.run, 0, () => ({ resolveChildWorkflowExecution: { seq: parent.seq, result: ended } }));
  }
}

function resultOf(activity: string, outcome: ActivityOutcome): coresdk.activity_result.IActivityResolution {
  if ('result' in outcome) return { completed: { result: defaultPayloadConverter.toPayload(outcome.result) } };
  const { message, type, details = [] } = outcome.failure;
  const payloads = toPayloads(defaultPayloadConverter, ...details);
  const cause = { message, applicationFailureInfo: { type, nonRetryable: true, details: { payloads } } };
  return { failed: { failure: wrapped('activity', cause, activity) } };
}

function wrapped(what: 'activity' | 'child', cause: Failure, name = 'unknown'): Failure {
  return what === 'activity'
    ? { message: 'Activity task failed', cause, activityFailureInfo: { activityType: { name }, activityId: '1' } }
    : {
        message: 'Child Workflow execution failed',
        cause,
        childWorkflowExecutionFailureInfo: {
          workflowType: { name },
          workflowExecution: { workflowId: 'unknown', runId: 'unknown' },
        },
      };
}

const inFull = (failure: Failure | null | undefined): string =>
  failure
    ? `${failure.message}\n${failure.stackTrace ?? ''}${failure.cause ? `\ncaused by ${inFull(failure.cause)}` : ''}`
    : '';
