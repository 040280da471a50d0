/** A gRPC server in Temporal's place, for what the real one cannot be brought to do. */
import { Server, ServerCredentials, type ServiceError, type sendUnaryData } from '@grpc/grpc-js';
import { Connection } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import * as protocol from '@temporalio/proto';
import { onTestFinished } from 'vitest';

const SERVICE = '/temporal.api.workflowservice.v1.WorkflowService';
type Answer = temporal.api.workflowservice.v1.IDescribeTaskQueueResponse;
/** What describing a task queue gives: an answer, bytes that are none, an error, or nothing ever. */
export type Described = Answer | Uint8Array | Partial<ServiceError> | 'nothing';

/** @returns a connection to it; both are closed after the test */
export async function describing(described: Described): Promise<Connection> {
  const { DescribeTaskQueueResponse } = protocol.temporal.api.workflowservice.v1;
  const server = new Server();
  const method = {
    path: `${SERVICE}/DescribeTaskQueue`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: Buffer) => value,
    requestDeserialize: (value: Buffer) => value,
    responseSerialize: (value: Uint8Array) => Buffer.from(value),
    responseDeserialize: (value: Buffer) => value,
  } as const;
  const handler = (_: unknown, answer: sendUnaryData<Uint8Array>) => {
    if (described === 'nothing') return;
    if (described instanceof Uint8Array) answer(null, described);
    else if ('code' in described) answer(described);
    else answer(null, DescribeTaskQueueResponse.encode(described as Answer).finish());
  };
  server.addService({ describeTaskQueue: method }, { describeTaskQueue: handler });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const connection = Connection.lazy({ address: `127.0.0.1:${port}`, interceptors: [] });
  onTestFinished(async () => {
    await connection.close();
    server.forceShutdown();
  });
  return connection;
}
