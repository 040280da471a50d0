/** The server's own word of workflows and task queues, within a time: no worker is asked for any of it. */
import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import { redact } from '../adapters/evidence/redaction.js';
import { knownSecrets } from '../adapters/evidence/secrets.js';
import { inert } from '../domain/inert.js';
import { inOneLine } from '../domain/one-line.js';
import type { WorkflowRun } from '../domain/watchdog/seen.js';
import { innermost } from '../temporal/errors.js';
import { withoutMemos } from '../temporal/runs.js';

export type HistoryEvents = temporal.api.history.v1.IHistoryEvent[];
export type Description = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;
export type Pollers = temporal.api.taskqueue.v1.IPollerInfo[];
type Failure = temporal.api.failure.v1.IFailure | null | undefined;
type Payloads = temporal.api.common.v1.IPayloads | null | undefined;

/** A workflow as it is listed. */
export interface Listed extends WorkflowRun {
  type: string;
  root: WorkflowRun;
}

/** How long one answer is waited for, and all of them, milliseconds. */
const ANSWER_WITHIN = 5_000;
const LOOK_WITHIN = 60_000;
/** How far back a history is read. */
const EVENTS_AT_ONCE = 250;
const MOST_PAGES = 20;
/** Characters. */
const LONGEST_REASON = 300;

const OPEN_TYPES = [
  'DeployWorkflow',
  'MonitorWorkflow',
  'ReversibilityWorkflow',
  'RollbackMigrationWorkflow',
  'RollbackCodeWorkflow',
  'RollbackFullWorkflow',
  'RollbackRestoreWorkflow',
];

/** For one look. Each of its questions ends within seconds, and all of them before the look has to. */
export class ServerView {
  private readonly began = performance.now();

  /** @param startedAt when the look began, by the server's clock: what it says of times is held against that alone */
  constructor(
    private readonly client: Client,
    private readonly startedAt: number,
  ) {}

  /** By the server's clock, epoch milliseconds. */
  now(): number {
    return this.startedAt + Math.round(performance.now() - this.began);
  }

  /** What is open, as far as the list has heard of it. */
  async open(): Promise<Listed[]> {
    const types = OPEN_TYPES.map((type) => `'${type}'`).join(', ');
    // One that is paused is not running, and open all the same.
    const query = `CloseTime IS NULL AND WorkflowType IN (${types})`;
    return await this.ask(async () => {
      const listed: Listed[] = [];
      for await (const { workflowId, runId, type, raw } of withoutMemos(this.client).list({ query })) {
        const own = { workflowId, runId };
        listed.push({ ...own, type, root: runOf(raw.rootExecution) ?? runOf(raw.parentExecution) ?? own });
      }
      return listed;
    }, LOOK_WITHIN / 3);
  }

  describe({ workflowId, runId }: WorkflowRun): Promise<Description> {
    const execution = { workflowId, runId };
    return this.ask(() => this.service.describeWorkflowExecution({ namespace: this.namespace, execution }));
  }

  /** What a run was started with. @throws when it is not there any more, or cannot be decoded */
  async input({ workflowId, runId }: WorkflowRun): Promise<unknown> {
    const execution = { workflowId, runId };
    const asked = { namespace: this.namespace, execution, maximumPageSize: 1 };
    const { history } = await this.ask(() => this.service.getWorkflowExecutionHistory(asked));
    const sent = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads as
      | Payload[]
      | undefined;
    const context = { type: 'workflow', namespace: this.namespace, workflowId } as const;
    const [first] = await decodeArrayFromPayloads(this.converter, sent, context);
    return first;
  }

  /** The last events of a run, the newest first. */
  async lastEvents({ workflowId, runId }: WorkflowRun, count: number): Promise<HistoryEvents> {
    const execution = { workflowId, runId };
    const asked = { namespace: this.namespace, execution, maximumPageSize: count };
    const { history } = await this.ask(() => this.service.getWorkflowExecutionHistoryReverse(asked));
    return history?.events ?? [];
  }

  /**
   * What an activity was last begun with; undefined where the run has not begun one.
   * @throws when that is further back than is looked, or cannot be decoded
   */
  async lastInput({ workflowId, runId }: WorkflowRun, activity: string): Promise<unknown> {
    const asked = { namespace: this.namespace, execution: { workflowId, runId }, maximumPageSize: EVENTS_AT_ONCE };
    let nextPageToken: Uint8Array | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const found = await this.ask(() => this.service.getWorkflowExecutionHistoryReverse({ ...asked, nextPageToken }));
      const begun = (found.history?.events ?? [])
        .map((event) => event.activityTaskScheduledEventAttributes)
        .find((each) => each?.activityType?.name === activity);
      if (begun) {
        const { namespace, converter } = this;
        const activityId = begun.activityId ?? undefined;
        const context = { type: 'activity', namespace, workflowId, activityId, isLocal: false } as const;
        const sent = begun.input?.payloads as Payload[] | undefined;
        return (await decodeArrayFromPayloads(converter, sent, context))[0];
      }
      if (!found.nextPageToken?.length) return undefined;
      nextPageToken = found.nextPageToken;
    }
    throw new Error(`no ${activity} is among the last ${MOST_PAGES * EVENTS_AT_ONCE} events`);
  }

  /** @param kind Temporal's number: 1 for tasks of workflows, 2 for those of activities */
  async pollers(queue: string, kind: 1 | 2): Promise<Pollers> {
    const asked = { namespace: this.namespace, taskQueue: { name: queue }, taskQueueType: kind };
    const { pollers } = await this.ask(() => this.service.describeTaskQueue(asked));
    return pollers ?? [];
  }

  /** The first of some payloads. @throws when it cannot be decoded */
  async decode(payloads: Payloads): Promise<unknown> {
    const [first] = await decodeArrayFromPayloads(this.converter, payloads?.payloads as Payload[] | undefined);
    return first;
  }

  /** A failure's innermost words; that it cannot be decoded is said, too. */
  async wordsOf(failure: Failure): Promise<string | undefined> {
    if (!failure) return undefined;
    try {
      return whyNot(await decodeOptionalFailureToOptionalError(this.converter, failure));
    } catch {
      return 'its failure cannot be decoded here';
    }
  }

  get namespace(): string {
    return this.client.options.namespace;
  }

  private get service() {
    return this.client.workflowService;
  }

  private get converter() {
    return this.client.options.loadedDataConverter;
  }

  private async ask<T>(question: () => Promise<T>, within = ANSWER_WITHIN): Promise<T> {
    const left = LOOK_WITHIN - (performance.now() - this.began);
    if (left <= 0) throw new Error('no time was left to look at it');
    return await this.client.withDeadline(Date.now() + Math.min(within, left), question);
  }
}

/** Why something could not be done, as people may read it. */
export const whyNot = (error: unknown): string =>
  redact(inert(inOneLine(innermost(error).slice(0, LONGEST_REASON))), knownSecrets());

export const runOf = (
  execution: temporal.api.common.v1.IWorkflowExecution | null | undefined,
): WorkflowRun | undefined =>
  execution?.workflowId && execution.runId ? { workflowId: execution.workflowId, runId: execution.runId } : undefined;
