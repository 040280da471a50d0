/** One run of a workflow in the SDK's own sandbox, as in a worker, with what a replay is made of. */
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { Script } from 'node:vm';
import { TypedSearchAttributes } from '@temporalio/common';
import { coresdk } from '@temporalio/proto';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm.js';
import type { WorkflowInfo } from '@temporalio/workflow';
import { SdkFlags } from '@temporalio/workflow/lib/flags.js';
import { decode, inFull } from './outcomes.js';
import type { ActivityCall } from './temporal.js';

type Activation = coresdk.workflow_activation.IWorkflowActivation;
type Job = coresdk.workflow_activation.IWorkflowActivationJob;
export type Command = coresdk.workflow_commands.IWorkflowCommand;

/** The workflows, compiled. */
export type Workflows = ReusableVMWorkflowCreator;

/** Compiles the workflows, once for all runs. */
export async function compileWorkflows(): Promise<Workflows> {
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

/** One run of a workflow, as others see it. */
export interface Execution {
  workflowId: string;
  runId: string;
  type: string;
  args: unknown[];
  startedAt: number;
  state: 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'continued';
  result?: unknown;
  history: readonly Task[];
  /** Search attributes that it has set itself. */
  attributes: Record<string, unknown>;
}

/** What came to a workflow at once, and what it wanted done. */
export interface Task {
  activation: Activation;
  commands: Command[];
}

export class WorkflowRun implements Execution {
  state: Execution['state'] = 'running';
  result?: unknown;
  readonly attributes: Record<string, unknown> = {};
  /** By sequence number: whether the workflow waits for the end of one that it cancels; how it ends once it is taken. */
  readonly activities = new Map<number, { waits: boolean; call: ActivityCall; untaken?: () => Job | undefined }>();
  readonly children = new Map<number, WorkflowRun>();
  /** How it ended, in the words of the protocol. */
  ended?: coresdk.child_workflow.IChildWorkflowResult;
  private readonly tasks: Task[] = [];
  private sandbox?: Awaited<ReturnType<Workflows['createWorkflow']>>;

  private constructor(
    private readonly workflows: Workflows,
    readonly runId: string,
    readonly type: string,
    readonly workflowId: string,
    readonly args: unknown[],
    readonly startedAt: number,
    /** A child has one; it may be left alone when that one ends. */
    readonly parent: { run: WorkflowRun; seq: number; abandons: boolean } | undefined,
    /** The run whose history it goes on with. */
    readonly firstRunId = runId,
  ) {}

  static async open(
    workflows: Workflows,
    of: Pick<WorkflowRun, 'runId' | 'type' | 'workflowId' | 'args' | 'startedAt' | 'parent'> & { firstRunId?: string },
  ): Promise<WorkflowRun> {
    const { runId, type, workflowId, args, startedAt, parent, firstRunId } = of;
    const run = new WorkflowRun(workflows, runId, type, workflowId, args, startedAt, parent, firstRunId);
    await run.enterSandbox();
    return run;
  }

  /** Carries a task out. @returns what the workflow wants done */
  async task(activation: Omit<Activation, 'runId'>): Promise<Command[]> {
    const commands = await this.activate(activation);
    this.tasks.push({ activation, commands });
    return commands;
  }

  /** Forgets all, and does the same again from its history. */
  async replay(): Promise<void> {
    await this.close();
    await this.enterSandbox();
    // A history says which of the SDK's own changes of behaviour it was written with.
    const availableInternalFlags = Object.values(SdkFlags).map(({ id }) => id);
    for (const { activation, commands } of this.tasks) {
      const again = await this.activate({ ...activation, isReplaying: true, availableInternalFlags });
      if (!isDeepStrictEqual(again, commands)) throw new Error(`${this.workflowId} did something else in its replay`);
    }
  }

  get history(): readonly Task[] {
    return this.tasks;
  }

  /** Begins with the history of another run: what it wants done is of the same kinds. */
  async repeat(tasks: readonly Task[]): Promise<void> {
    const kinds = (commands: readonly Command[]) => commands.map((command) => Object.keys(command));
    for (const { activation, commands } of tasks) {
      const again = await this.activate({ ...activation, isReplaying: true });
      if (!isDeepStrictEqual(kinds(again), kinds(commands))) throw new Error(`${this.workflowId} did something else`);
      this.tasks.push({ activation, commands });
    }
  }

  async query<R>(queryType: string): Promise<R> {
    const jobs = [{ queryWorkflow: { queryId: 'query', queryType, arguments: [], headers: {} } }];
    const { WorkflowActivation } = coresdk.workflow_activation;
    const [answer] = await this.activate(WorkflowActivation.fromObject({ runId: this.runId, jobs }));
    const { succeeded, failed } = answer?.respondToQuery ?? {};
    if (!succeeded) throw new Error(`${queryType}: ${failed?.message}`);
    return decode<R>(succeeded.response);
  }

  async close(): Promise<void> {
    await this.sandbox?.dispose();
  }

  private async activate(activation: Omit<Activation, 'runId'>): Promise<Command[]> {
    if (!this.sandbox) throw new Error(`${this.workflowId} has no sandbox`);
    const { successful, failed } = await this.sandbox.activate(Object.assign(activation, { runId: this.runId }));
    await this.sandbox.getAndResetSinkCalls();
    // A handler that throws, a promise that nobody awaits, a mistake in the workflow: the task would fail for ever.
    if (failed) throw new Error(`a task of ${this.workflowId} failed: ${inFull(failed.failure)}`);
    return successful?.commands ?? [];
  }

  private async enterSandbox(): Promise<void> {
    const { workflowId, runId, firstRunId, type, startedAt, parent } = this;
    const startTime = new Date(startedAt);
    const info = {
      ...{ workflowId, runId, workflowType: type, firstExecutionRunId: firstRunId },
      ...(parent
        ? { parent: { workflowId: parent.run.workflowId, runId: parent.run.runId, namespace: 'default' } }
        : {}),
      ...{ taskQueue: 'test', namespace: 'default', attempt: 1, taskTimeoutMs: 10_000, currentBuildId: '' },
      ...{
        searchAttributes: {},
        typedSearchAttributes: new TypedSearchAttributes(),
        startTime,
        runStartTime: startTime,
      },
      ...{ historyLength: 3, historySize: 300, continueAsNewSuggested: false },
      targetWorkerDeploymentVersionChanged: false,
      unsafe: { now: Date.now, isReplaying: false, isReplayingHistoryEvents: false, random: Math.random },
    } as unknown as WorkflowInfo;
    const randomnessSeed = [1, 2, 3];
    this.sandbox = await this.workflows.createWorkflow({
      info,
      randomnessSeed,
      now: startedAt,
      showStackTraceSources: false,
    });
  }
}
