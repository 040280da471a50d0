/**
 * A stand-in for the Temporal server, for thousands of deployments a minute: what a server would do between two tasks of a
 * workflow (timers, activities, children, signals) is done here, in virtual time and in an order that the test decides.
 */
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import type { coresdk } from '@temporalio/proto';
import { WORKER_DEPLOYMENT } from '../../src/contract/names.js';
import {
  type ActivityOutcome,
  CANCELLED,
  decode,
  encode,
  NOT_FOUND,
  ofActivity,
  ofChild,
  resultOf,
  TERMINATED,
} from './outcomes.js';
import { type Command, type Execution, type Task, WorkflowRun, type Workflows } from './workflow-run.js';

type Job = coresdk.workflow_activation.IWorkflowActivationJob;

/** An activity that was scheduled. */
export interface ActivityCall {
  activity: string;
  input: never;
  workflowId: string;
  /** Where it waits, if that is not the workflow's own queue. */
  queue?: string;
  /** How long it waits there until somebody takes it, milliseconds; for ever where it is left out. */
  takenWithin?: number;
}

/**
 * Says how an activity goes: how long it takes, milliseconds (undefined: until its queue is served), and what comes of it,
 * asked when it ends.
 */
export type ActivityScript = (call: ActivityCall) => { takes: number | undefined; end: () => ActivityOutcome };

export interface UpdateHandle {
  state: 'sent' | 'accepted' | 'refused' | 'completed' | 'failed';
  /** What it led to, or why it was refused. */
  text?: string;
}

interface Due {
  at: number;
  order: number;
  run: WorkflowRun;
  job: () => Job | undefined;
  /** The order within a task: the start, signals and updates, everything else, local activities. */
  place: -1 | 0 | 1 | 2;
  /** A timer's summary. */
  timer?: { seq: number; summary: string };
}

export class Temporal {
  /** Every activity in the order in which it was scheduled. */
  readonly scheduled: (ActivityCall & { at: number })[] = [];
  private readonly runs: WorkflowRun[] = [];
  private due: Due[] = [];
  private order = 0;
  /** Which build carries tasks out, where there are builds. */
  private build?: string;
  private readonly updates = new Map<string, UpdateHandle>();

  constructor(
    private readonly workflows: Workflows,
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

  get executions(): readonly Execution[] {
    return this.runs;
  }

  running(workflowId: string): Execution | undefined {
    return this.find(workflowId);
  }

  async start(type: string, workflowId: string, args: unknown[]): Promise<void> {
    await this.begin({ type, workflowId, args });
  }

  signal(workflowId: string, signalName: string, args: unknown[], at = this.now): void {
    const signalWorkflow = { signalName, input: encode(args), identity: 'test', headers: {} };
    this.deliver(workflowId, at, () => ({ signalWorkflow }));
  }

  update(workflowId: string, name: string, args: unknown[], at = this.now): UpdateHandle {
    const id = `update-${this.updates.size + 1}`;
    const handle: UpdateHandle = { state: 'sent' };
    this.updates.set(id, handle);
    const meta = { identity: 'test', updateId: id };
    const doUpdate = { id, protocolInstanceId: id, name, input: encode(args), headers: {}, meta, runValidator: true };
    this.deliver(workflowId, at, () => ({ doUpdate }));
    return handle;
  }

  /** Asks a workflow that runs or has ended. */
  async query<R>(workflowId: string, queryType: string): Promise<R> {
    const run = this.runs.findLast((candidate) => candidate.workflowId === workflowId);
    if (!run) throw new Error(`there is no ${workflowId}`);
    return run.query<R>(queryType);
  }

  cancel(workflowId: string): void {
    this.deliver(workflowId, this.now, () => ({ cancelWorkflow: { reason: 'by somebody' } }));
  }

  terminate(workflowId: string): void {
    const run = this.find(workflowId);
    if (run) this.close(run, 'terminated', { failed: { failure: TERMINATED } });
  }

  /**
   * As Temporal does it: another run goes on from where the last one was after so many of its tasks, with the children that
   * it had by then, and hears once more what was said since.
   */
  async reset(workflowId: string, tasks: number): Promise<void> {
    const old = this.runs.findLast((run) => run.workflowId === workflowId) as WorkflowRun;
    const kept = old.history.slice(0, tasks);
    const said = old.history.slice(tasks).flatMap(({ activation }) => activation.jobs ?? []);
    const unheard = this.due.filter((due) => due.run === old && due.place === 0);
    if (old.state === 'running') old.state = 'terminated';
    this.due = this.due.filter((due) => due.run !== old);
    const { type, args, startedAt, firstRunId } = old;
    const runId = `run-${this.runs.length + 1}`;
    const run = await WorkflowRun.open(this.workflows, {
      ...{ type, workflowId, args, startedAt, runId, firstRunId },
      parent: undefined,
    });
    this.runs.push(run);
    await run.repeat(kept);
    // Its random numbers are others from here on.
    const randomnessSeed = { toBytes: () => [this.runs.length] } as never;
    this.plan(run, 0, () => ({ updateRandomSeed: { randomnessSeed } }), { place: -1 });
    for (const { signalWorkflow } of said)
      if (signalWorkflow) this.plan(run, 0, () => ({ signalWorkflow }), { place: 0 });
    this.due.push(...unheard.map((due) => ({ ...due, run })));
    await this.takeUp(run, old, kept);
  }

  /** What was under way at the end of these tasks. */
  private async takeUp(run: WorkflowRun, old: WorkflowRun, kept: readonly Task[]): Promise<void> {
    const jobs = kept.flatMap(({ activation }) => activation.jobs ?? []);
    const later = new Map(old.children);
    for (const { activation, commands } of kept) {
      for (const command of commands) {
        const { scheduleActivity, scheduleLocalActivity, startTimer, startChildWorkflowExecution: child } = command;
        const activity = scheduleActivity ?? scheduleLocalActivity;
        if (activity && !jobs.some(({ resolveActivity }) => resolveActivity?.seq === activity.seq))
          this.schedule(run, activity, scheduleActivity ? 1 : 2);
        if (command.requestCancelActivity) this.cancelActivity(run, command.requestCancelActivity);
        if (startTimer && !jobs.some(({ fireTimer }) => fireTimer?.seq === startTimer.seq))
          this.startTimer(run, command, tsToMs(activation.timestamp));
        const signal = command.signalExternalWorkflowExecution;
        if (signal && !jobs.some(({ resolveSignalExternalWorkflow: sent }) => sent?.seq === signal.seq))
          this.passOn(run, signal);
        if (command.cancelTimer || command.upsertWorkflowSearchAttributes) await this.obey(run, command);
        const seq = child?.seq ?? -1;
        const its = later.get(seq);
        if (!its) continue;
        later.delete(seq);
        run.children.set(seq, its);
        if (its.parent) its.parent.run = run;
        if (!jobs.some(({ resolveChildWorkflowExecutionStart: begun }) => begun?.seq === seq))
          this.plan(run, 0, () => ({ resolveChildWorkflowExecutionStart: { seq, succeeded: { runId: its.runId } } }));
        const isHeard = jobs.some(({ resolveChildWorkflowExecution: ended }) => ended?.seq === seq);
        if (its.ended && !isHeard) this.tellParent(its);
      }
    }
    for (const child of later.values())
      if (child.state === 'running' && !child.parent?.abandons) this.close(child, 'terminated', {});
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

  /** What is at work right now. */
  get inFlight(): ActivityCall[] {
    return this.runs.flatMap(({ state, activities }) =>
      state === 'running' ? [...activities.values()].map(({ call }) => call) : [],
    );
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
    const { run } = now[0] as Due;
    const task = this.options.together ? now.filter((due) => due.run === run) : now.slice(0, 1);
    this.due = this.due.filter((due) => !task.includes(due));
    this.now = at;
    const jobs = task.sort((a, b) => a.place - b.place).flatMap(({ job }) => job() ?? []);
    if (jobs.length === 0 || run.state !== 'running') return true;
    const historyLength = this.options.historyLength(run.type);
    const commands = await run.task({
      ...{ timestamp: msToTs(at), isReplaying: false, historyLength, jobs },
      ...(this.build && {
        deploymentVersionForCurrentTask: { deploymentName: WORKER_DEPLOYMENT, buildId: this.build },
      }),
    });
    for (const command of this.withoutUnsent(run, commands)) await this.obey(run, command);
    return true;
  }

  /** Every worker is gone, another one comes: each workflow is rebuilt from its history, and must do the same. */
  async restartWorkers(): Promise<void> {
    for (const run of this.runs) if (run.state === 'running') await run.replay();
  }

  /** Another build carries everything on, where its code does what has been done. */
  async takeOver(build: string): Promise<void> {
    this.build = build;
    await this.restartWorkers();
  }

  /** No worker carries a task out for so long: what was due meanwhile comes afterwards, in its order. */
  stall(milliseconds: number): void {
    this.now += milliseconds;
    this.due.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const due of this.due) {
      this.order += 1;
      Object.assign(due, { at: Math.max(due.at, this.now), order: this.order });
    }
  }

  /** What has waited for ever on a queue is taken there. */
  serve(queue: string): void {
    for (const run of this.runs.filter(({ state }) => state === 'running')) {
      for (const activity of run.activities.values()) {
        if (activity.call.queue !== queue || !activity.untaken) continue;
        this.plan(run, 1, activity.untaken);
        activity.untaken = undefined;
      }
    }
  }

  async end(): Promise<void> {
    for (const run of this.runs) await run.close();
  }

  private find(workflowId: string): WorkflowRun | undefined {
    return this.runs.find((run) => run.state === 'running' && run.workflowId === workflowId);
  }

  private deliver(workflowId: string, at: number, job: () => Job): void {
    const run = this.find(workflowId);
    if (run) this.plan(run, at - this.now, job, { place: 0 });
  }

  private plan(run: WorkflowRun, after: number, job: Due['job'], also: Partial<Due> = {}): void {
    this.order += 1;
    this.due.push({ at: this.now + Math.max(after, 0), order: this.order, run, job, place: 1, ...also });
  }

  private async begin(
    of: Pick<Execution, 'type' | 'workflowId' | 'args'>,
    parent?: WorkflowRun['parent'],
  ): Promise<WorkflowRun> {
    const runId = `run-${this.runs.length + 1}`;
    const run = await WorkflowRun.open(this.workflows, { ...of, runId, startedAt: this.now, parent });
    this.runs.push(run);
    const initializeWorkflow = {
      ...{ workflowType: run.type, workflowId: run.workflowId, headers: {}, firstExecutionRunId: runId, attempt: 1 },
      ...{ arguments: encode(run.args), startTime: msToTs(this.now) },
    };
    this.plan(run, 0, () => ({ initializeWorkflow }), { place: -1 });
    return run;
  }

  /** A signal that is taken back in the very task in which it was sent is never sent; a later word comes too late. */
  private withoutUnsent(run: WorkflowRun, commands: readonly Command[]): Command[] {
    const sent = new Set(commands.map(({ signalExternalWorkflowExecution: signal }) => signal?.seq));
    const unsent = commands.flatMap(({ cancelSignalWorkflow: back }) => (back && sent.has(back.seq) ? back.seq : []));
    for (const seq of unsent) this.plan(run, 0, () => ({ resolveSignalExternalWorkflow: { seq, failure: CANCELLED } }));
    return commands.filter(
      ({ signalExternalWorkflowExecution: signal, cancelSignalWorkflow: back }) =>
        !back && !(signal && unsent.includes(signal.seq)),
    );
  }

  private async obey(run: WorkflowRun, command: Command): Promise<void> {
    if (command.scheduleActivity) this.schedule(run, command.scheduleActivity, 1);
    else if (command.scheduleLocalActivity) this.schedule(run, command.scheduleLocalActivity, 2);
    else if (command.requestCancelActivity) this.cancelActivity(run, command.requestCancelActivity);
    else if (command.requestCancelLocalActivity) this.cancelActivity(run, command.requestCancelLocalActivity);
    else if (command.startTimer) this.startTimer(run, command);
    else if (command.cancelTimer) {
      const { seq } = command.cancelTimer;
      this.due = this.due.filter((due) => due.run !== run || due.timer?.seq !== seq);
    } else if (command.startChildWorkflowExecution) await this.beginChild(run, command.startChildWorkflowExecution);
    else if (command.cancelChildWorkflowExecution) {
      const child = run.children.get(command.cancelChildWorkflowExecution.childWorkflowSeq ?? 0);
      if (child?.state === 'running') {
        this.plan(child, 0, () => ({ cancelWorkflow: { reason: 'by its parent' } }), { place: 0 });
      }
    } else if (command.signalExternalWorkflowExecution) this.passOn(run, command.signalExternalWorkflowExecution);
    else if (command.updateResponse) this.hear(command.updateResponse);
    else if (command.continueAsNewWorkflowExecution) await this.goOn(run, command.continueAsNewWorkflowExecution);
    else if (command.completeWorkflowExecution) {
      const { result } = command.completeWorkflowExecution;
      run.result = decode(result);
      this.close(run, 'completed', { completed: { result } });
    } else if (command.failWorkflowExecution) {
      this.close(run, 'failed', { failed: { failure: command.failWorkflowExecution.failure } });
    } else if (command.cancelWorkflowExecution) {
      this.close(run, 'cancelled', { cancelled: { failure: CANCELLED } });
    } else if (command.upsertWorkflowSearchAttributes) {
      const { indexedFields } = command.upsertWorkflowSearchAttributes.searchAttributes ?? {};
      for (const [name, payload] of Object.entries(indexedFields ?? {})) run.attributes[name] = decode(payload);
    } else if (!command.modifyWorkflowProperties) {
      throw new Error(`nothing is known of the command ${Object.keys(command)}`);
    }
  }

  private startTimer(run: WorkflowRun, { startTimer, userMetadata }: Command, since = this.now): void {
    const seq = startTimer?.seq ?? 0;
    const timer = { seq, summary: decode<string | undefined>(userMetadata?.summary) ?? '' };
    const left = since + tsToMs(startTimer?.startToFireTimeout) - this.now;
    this.plan(run, left, () => ({ fireTimer: { seq } }), { timer });
  }

  private schedule(run: WorkflowRun, scheduled: coresdk.workflow_commands.IScheduleActivity, place: 1 | 2): void {
    const seq = scheduled.seq ?? 0;
    const activity = scheduled.activityType ?? '';
    const queue = scheduled.taskQueue ?? undefined;
    const input = decode<never>(scheduled.arguments?.[0]) ?? ({} as never);
    const { scheduleToStartTimeout: limit } = scheduled;
    const call = { activity, input, workflowId: run.workflowId, queue, takenWithin: limit ? tsToMs(limit) : undefined };
    this.scheduled.push({ ...call, at: this.now });
    const { takes, end } = this.script(call);
    const job = () => {
      if (!run.activities.delete(seq)) return undefined;
      return { resolveActivity: { seq, isLocal: place === 2, result: resultOf(activity, end()) } };
    };
    const isWaiting = takes === undefined;
    run.activities.set(seq, { waits: scheduled.cancellationType === 1, call, untaken: isWaiting ? job : undefined });
    if (!isWaiting) this.plan(run, takes, job, { place });
  }

  /** One that is waited for ends a moment later; any other one is given up at once. */
  private cancelActivity(run: WorkflowRun, { seq }: { seq?: number | null }): void {
    const pending = run.activities.get(seq ?? 0);
    if (!pending) return;
    const result = { cancelled: { failure: ofActivity(CANCELLED) } };
    const job = () => (run.activities.delete(seq ?? 0) ? { resolveActivity: { seq, result } } : undefined);
    this.plan(run, pending.waits ? 1 : 0, job);
  }

  private async beginChild(
    run: WorkflowRun,
    child: coresdk.workflow_commands.IStartChildWorkflowExecution,
  ): Promise<void> {
    const seq = child.seq ?? 0;
    const { workflowId, workflowType } = child as { workflowId: string; workflowType: string };
    if (this.find(workflowId)) {
      const failed = { workflowId, workflowType, cause: 1 };
      return this.plan(run, 0, () => ({ resolveChildWorkflowExecutionStart: { seq, failed } }));
    }
    const args = (child.input ?? []).map((payload) => decode(payload));
    const parent = { run, seq, abandons: child.parentClosePolicy === 2 };
    const begun = await this.begin({ type: workflowType, workflowId, args }, parent);
    run.children.set(seq, begun);
    const succeeded = { runId: begun.runId };
    this.plan(run, 0, () => ({ resolveChildWorkflowExecutionStart: { seq, succeeded } }));
  }

  private passOn(run: WorkflowRun, sent: coresdk.workflow_commands.ISignalExternalWorkflowExecution): void {
    const { seq, workflowExecution, childWorkflowId, signalName, args } = sent;
    const target = this.find(workflowExecution?.workflowId ?? childWorkflowId ?? '');
    const signalWorkflow = { signalName, input: args, identity: run.workflowId, headers: {} };
    if (target) this.plan(target, 0, () => ({ signalWorkflow }), { place: 0 });
    const failure = target ? undefined : NOT_FOUND;
    this.plan(run, 0, () => ({ resolveSignalExternalWorkflow: { seq, failure } }));
  }

  private hear({ protocolInstanceId, accepted, rejected, completed }: coresdk.workflow_commands.IUpdateResponse): void {
    const handle = this.updates.get(protocolInstanceId ?? '') as UpdateHandle;
    if (accepted) handle.state = 'accepted';
    else if (completed) Object.assign(handle, { state: 'completed', text: decode(completed) });
    else Object.assign(handle, { state: handle.state === 'sent' ? 'refused' : 'failed', text: rejected?.message });
  }

  /** As a new run, which hears what the old one has not heard any more. */
  private async goOn(run: WorkflowRun, to: coresdk.workflow_commands.IContinueAsNewWorkflowExecution): Promise<void> {
    const { type, workflowId, parent } = run;
    run.state = 'continued';
    const unheard = this.due.filter((due) => due.run === run && due.place === 0);
    this.due = this.due.filter((due) => due.run !== run);
    const args = (to.arguments ?? []).map((payload) => decode(payload));
    const begun = await this.begin({ type, workflowId, args }, parent);
    this.due.push(...unheard.map((due) => ({ ...due, run: begun })));
    parent?.run.children.set(parent.seq, begun);
  }

  private close(run: WorkflowRun, state: Execution['state'], how: coresdk.child_workflow.IChildWorkflowResult): void {
    run.state = state;
    this.due = this.due.filter((due) => due.run !== run);
    for (const child of run.children.values()) {
      if (child.state === 'running' && !child.parent?.abandons) this.close(child, 'terminated', {});
    }
    run.ended = how;
    this.tellParent(run);
  }

  private tellParent({ parent, type, ended = {} }: WorkflowRun): void {
    if (parent?.run.state !== 'running') return;
    const { completed, failed, cancelled } = ended;
    const result = {
      ...(completed && { completed }),
      ...(failed && { failed: { failure: ofChild(failed.failure ?? {}, type) } }),
      ...(cancelled && { cancelled: { failure: ofChild(CANCELLED, type) } }),
    };
    this.plan(parent.run, 0, () => ({ resolveChildWorkflowExecution: { seq: parent.seq, result } }));
  }
}
