/**
 * In the workflow sandbox of workers that encrypt, where it is known what each payload is for: what goes out is marked with
 * it, what comes in was encrypted for it or is not used. The codec binds and proves the mark, and knows no more.
 */
import { decode } from '@temporalio/common/lib/encoding.js';
import { defaultPayloadConverter, type Payload, uuid4, type WorkflowInterceptors } from '@temporalio/workflow';
import { FailureType } from '../contract/errors.js';
import { markedFor, sealOf, UNREADABLE, USES, useOf } from './places.js';

/** What stands in its place: an object that no start and no decision is. */
const MISPLACED = { surefoot: 'refused: this payload was not encrypted for this, or was sent before' };

type Sent = Payload[] | null;

interface Failure {
  message?: string | null;
  source?: string;
  cause?: Failure | null;
  encodedAttributes?: Payload | null;
  applicationFailureInfo?: { type?: string | null; nonRetryable?: boolean } | null;
  activityFailureInfo?: object;
  childWorkflowExecutionFailureInfo?: object;
}
interface Outcome {
  completed?: { result?: Payload | null } | null;
  failed?: { failure?: Failure | null } | null;
}
/** As much of the SDK's own messages as is looked at. */
interface Job {
  initializeWorkflow?: { arguments?: Sent } | null;
  signalWorkflow?: { signalName?: string; input?: Sent } | null;
  doUpdate?: { name?: string; input?: Sent } | null;
  queryWorkflow?: { queryType?: string; arguments?: Sent } | null;
  resolveActivity?: { seq?: number; isLocal?: boolean; result?: Outcome | null } | null;
  resolveChildWorkflowExecution?: { seq?: number; result?: Outcome | null } | null;
}
interface Command {
  scheduleActivity?: { seq?: number; activityId?: string; activityType?: string; arguments?: Sent } | null;
  startChildWorkflowExecution?: { seq?: number; workflowId?: string; workflowType?: string; input?: Sent } | null;
  signalExternalWorkflowExecution?: { signalName?: string; args?: Sent } | null;
  continueAsNewWorkflowExecution?: { arguments?: Sent } | null;
  completeWorkflowExecution?: { result?: Payload | null } | null;
}

const boundPayloads = (): WorkflowInterceptors => {
  /** What an answer to each would fail with, by its number. */
  const activities = new Map<number | undefined, Failure>();
  const children = new Map<number | undefined, Failure>();
  const heard = new Set<string>();
  return {
    outbound: [
      {
        // Counted ones would be the same in each run: an old answer would be for the new activity as well.
        scheduleActivity: (input, next) =>
          next({ ...input, options: { ...input.options, activityId: input.options.activityId ?? uuid4() } }),
      },
    ],
    internals: [
      {
        activate(input, next) {
          for (const job of (input.activation.jobs ?? []) as Job[]) {
            refuseMisplaced(job, heard);
            const { resolveActivity: activity, resolveChildWorkflowExecution: child } = job;
            if (activity?.result && !activity.isLocal) refuseForged(activity.result, taken(activities, activity.seq));
            if (child?.result) refuseForged(child.result, taken(children, child.seq));
          }
          next(input);
        },
        concludeActivation(input, next) {
          for (const command of input.commands as Command[]) {
            mark(command);
            const { scheduleActivity: activity, startChildWorkflowExecution: child } = command;
            if (activity) activities.set(activity.seq, forgedAnswer(activity));
            if (child) children.set(child.seq, forgedResult(child));
          }
          return next(input);
        },
      },
    ],
  };
};

/** As the SDK looks for them. */
export { boundPayloads as interceptors };

/** Each message counts once in a run: a second one of the same ciphertext was copied. */
function refuseMisplaced(job: Job, heard: Set<string>): void {
  const { initializeWorkflow: start, signalWorkflow: signal, doUpdate: update, queryWorkflow: query } = job;
  const meant =
    (...uses: string[]) =>
    (payload: Payload): Payload =>
      isUnreadable(payload) || uses.includes(useOf(payload) ?? '')
        ? payload
        : defaultPayloadConverter.toPayload(MISPLACED);
  const once = (payload: Payload): Payload => {
    const seal = sealOf(payload);
    if (seal === undefined) return payload;
    if (heard.has(seal)) return defaultPayloadConverter.toPayload(MISPLACED);
    heard.add(seal);
    return payload;
  };
  if (start?.arguments) start.arguments = start.arguments.map(meant(USES.start, USES.scheduledStart));
  if (signal?.input) signal.input = signal.input.map(meant(USES.signal(signal.signalName ?? ''))).map(once);
  if (update?.input) update.input = update.input.map(meant(USES.update(update.name ?? ''))).map(once);
  if (query?.arguments) query.arguments = query.arguments.map(meant(USES.query(query.queryType ?? '')));
}

/** Each is answered once: what waits for an answer no more is not kept. */
function taken(from: Map<number | undefined, Failure>, seq: number | undefined): Failure | undefined {
  const known = from.get(seq);
  from.delete(seq);
  return known;
}

/** An answer of somebody else's is none: the work may be at hand still, and how it ends is not known. */
function refuseForged(outcome: Outcome, instead: Failure = {}): void {
  const { completed, failed } = outcome;
  const answer = completed?.result;
  if (completed && !isUnreadable(answer) && useOf(answer) !== USES.result) {
    outcome.completed = undefined;
    outcome.failed = { failure: instead };
  }
  if (failed?.failure && isForged(failed.failure)) outcome.failed = { failure: instead };
}

/** Servers tell of timeouts and the like in clear; in a worker's own failures message and type are proven. */
function isForged({ applicationFailureInfo: own, encodedAttributes, cause }: Failure): boolean {
  if (own && !isUnreadable(encodedAttributes) && useOf(encodedAttributes) !== USES.failure(own.type ?? '')) return true;
  return cause ? isForged(cause) : false;
}

/** Under a key that the worker does not know: it is waited for, as what it says may count. */
const isUnreadable = (payload: Payload | null | undefined): boolean =>
  decode(payload?.metadata?.encoding ?? new Uint8Array()).startsWith(UNREADABLE);

function mark(command: Command): void {
  const as = (use: string, sent: Sent | undefined) => sent?.map((payload) => markedFor(use, payload));
  const {
    scheduleActivity: activity,
    startChildWorkflowExecution: child,
    signalExternalWorkflowExecution: signal,
    continueAsNewWorkflowExecution: next,
    completeWorkflowExecution: end,
  } = command;
  if (activity) activity.arguments = as(USES.input(activity.activityType ?? ''), activity.arguments);
  if (child) child.input = as(USES.start, child.input);
  if (signal) signal.args = as(USES.signal(signal.signalName ?? ''), signal.args);
  if (next) next.arguments = as(USES.start, next.arguments);
  if (end?.result) end.result = markedFor(USES.result, end.result);
}

const NON_RETRYABLE = 2;

const forgedAnswer = ({ activityId, activityType: name }: NonNullable<Command['scheduleActivity']>): Failure => ({
  message: 'Activity task failed',
  activityFailureInfo: { activityId, activityType: { name }, retryState: NON_RETRYABLE },
  cause: forged(`activity ${name}`),
});

const forgedResult = ({
  workflowId,
  workflowType: name,
}: NonNullable<Command['startChildWorkflowExecution']>): Failure => ({
  message: 'Child Workflow execution failed',
  childWorkflowExecutionFailureInfo: {
    workflowType: { name },
    workflowExecution: { workflowId, runId: '' },
    retryState: NON_RETRYABLE,
  },
  cause: forged(workflowId ?? ''),
});

const forged = (of: string): Failure => ({
  message:
    `An answer in place of ${of} was not encrypted for it by a worker: somebody else has sent it, or a copy of an older ` +
    'one. It is not used, and how the work itself has ended is not known',
  source: 'surefoot',
  applicationFailureInfo: { type: FailureType.OutcomeUnknown, nonRetryable: true },
});
