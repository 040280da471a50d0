/** Deployments of which only the ledger is real, on a real server: they say it when asked, and end with it at once. */
import { status } from '@grpc/grpc-js';
import { Connection, isGrpcServiceError, WorkflowIdConflictPolicy, type WorkflowService } from '@temporalio/client';
import { defaultPayloadConverter, TypedSearchAttributes } from '@temporalio/common';
import proto, { type temporal as protocol } from '@temporalio/proto';
import { afterAll, beforeAll } from 'vitest';
import { childAttributes } from '../../src/contract/deployment.js';
import { deployWorkflowId, searchAttributes } from '../../src/contract/names.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import type { WorkflowServer } from './workflow-server.js';

const { CommandType, QueryResultType } = proto.temporal.api.enums.v1;
type Task = protocol.api.workflowservice.v1.PollWorkflowTaskQueueResponse;
const namespace = 'default';

export interface StandIns {
  /** Starts one; with an outcome it ends, without one it goes on. @returns its run's ID once it is as its ledger says */
  begin(ledger: Ledger, more?: { startDelay?: number; memo?: Record<string, unknown> }): Promise<string>;
  /** What one says from now on. */
  say(ledger: Ledger): void;
}

/** Is there from the next `beforeAll` on. @param served false: nobody answers for them */
export function standIns(temporal: WorkflowServer, { queue = 'stand-ins', served = true } = {}): StandIns {
  const ledgers = new Map<string, Ledger>();
  if (served) {
    let connection: Connection;
    let answered: Promise<void>;
    const over = new AbortController();
    beforeAll(async () => {
      connection = await Connection.connect({ address: temporal.address, interceptors: [] });
      answered = answering(connection, queue, { ledgers, over: over.signal });
    });
    afterAll(async () => {
      over.abort();
      await answered;
      await connection.close();
    });
  }
  return {
    say: (ledger) => void ledgers.set(deployWorkflowId(ledger.service), ledger),
    async begin(ledger, { startDelay, memo = {} } = {}) {
      const { deployment, service, outcome } = ledger;
      const workflowId = deployWorkflowId(service);
      ledgers.set(workflowId, ledger);
      const waitingFor = ledger.questions[0]?.id;
      const handle = await temporal.client.workflow.start('DeployWorkflow', {
        taskQueue: queue,
        workflowId,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
        ...(startDelay === undefined ? {} : { startDelay }),
        memo: { deployment, ...memo },
        typedSearchAttributes: new TypedSearchAttributes([
          ...childAttributes({ deployment, service }),
          { key: searchAttributes.phase, value: ledger.phase },
          { key: searchAttributes.target, value: ledger.release.target },
          { key: searchAttributes.verdict, value: outcome ?? 'running' },
          ...(waitingFor === undefined ? [] : [{ key: searchAttributes.waitingFor, value: waitingFor }]),
        ]),
      });
      if (outcome !== undefined) await handle.result();
      return handle.firstExecutionRunId;
    },
  };
}

/** The server holds a poll for as long as this when there is no work. */
const POLL = 20_000;

async function answering(
  connection: Connection,
  queue: string,
  { ledgers, over }: { ledgers: ReadonlyMap<string, Ledger>; over: AbortSignal },
): Promise<void> {
  const { workflowService } = connection;
  const poll = () => workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: queue } });
  while (!over.aborted) {
    try {
      const task = await connection.withAbortSignal(over, () => connection.withDeadline(Date.now() + POLL, poll));
      const ledger = ledgers.get(task.workflowExecution?.workflowId ?? '');
      if (ledger) await answer(workflowService, task, ledger);
    } catch (error) {
      // A run may have been ended while its task was on the way.
      const isEnded = isGrpcServiceError(error) && error.code === status.NOT_FOUND;
      if (!over.aborted && !isEnded) throw error;
    }
  }
}

async function answer(service: WorkflowService, task: Task, ledger: Ledger): Promise<void> {
  const { taskToken, query, queries } = task;
  const payloads = { payloads: [defaultPayloadConverter.toPayload(ledger)] };
  const answered = QueryResultType.QUERY_RESULT_TYPE_ANSWERED;
  if (query) {
    await service.respondQueryTaskCompleted({ namespace, taskToken, completedType: answered, queryResult: payloads });
    return;
  }
  const end = {
    commandType: CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
    completeWorkflowExecutionCommandAttributes: { result: payloads },
  };
  await service.respondWorkflowTaskCompleted({
    namespace,
    taskToken,
    queryResults: Object.fromEntries(
      Object.keys(queries ?? {}).map((id) => [id, { resultType: answered, answer: payloads }]),
    ),
    commands: ledger.outcome ? [end] : [],
  });
}
