import grpc from '@grpc/grpc-js';
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import proto from '@temporalio/proto';

const { StartWorkflowExecutionRequest } = proto.temporal.api.workflowservice.v1;

/** The server's own limit (100-200 jumps) would end virtual time within a day of ticks. */
const MOST_JUMPS = 1_000_000;

/**
 * Starts every workflow of a connection in virtual time: `Connection.connect({ address, interceptors: virtualTimeInterceptors() })`.
 * Whenever nothing is in flight, the workflow's time (and its children's) jumps to its next timer. The server must allow it
 * (`startTemporalServer({ virtualTime: true })`). The client has no option for it, so the encoded request is changed here.
 * A connection with interceptors of its own has lost the SDK's, by which a call is made again after a connection that the
 * server ended (each, after five minutes): it stands before ours.
 */
export function virtualTimeInterceptors(): grpc.Interceptor[] {
  return [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), skipTime];
}

const skipTime: grpc.Interceptor = (options, nextCall) => {
  const call = begun(options, nextCall);
  if (!options.method_definition.path.endsWith('/StartWorkflowExecution')) return new grpc.InterceptingCall(call);
  return new grpc.InterceptingCall(call, {
    sendMessage: (message: Uint8Array, next) => next(withVirtualTime(message)),
  });
};

type Call = ReturnType<grpc.NextCall>;

/** A call that waits to be made again when its connection is closed would end the process: nobody catches what it throws. */
function begun(options: grpc.InterceptorOptions, nextCall: grpc.NextCall): Call {
  try {
    return nextCall(options);
  } catch (error) {
    return closedCall(String(error));
  }
}

const nothing = (): void => {};

const closedCall = (details: string): Call => ({
  start: (_, listener) => {
    listener?.onReceiveMessage?.(null);
    listener?.onReceiveStatus?.({ code: grpc.status.CANCELLED, details, metadata: new grpc.Metadata() });
  },
  getPeer: () => '',
  getAuthContext: () => null,
  cancelWithStatus: nothing,
  sendMessageWithContext: nothing,
  sendMessage: nothing,
  startRead: nothing,
  halfClose: nothing,
});

function withVirtualTime(message: Uint8Array): Buffer {
  const request = StartWorkflowExecutionRequest.decode(message);
  request.timeSkippingConfig = { enabled: true, maxSessionSkipCount: MOST_JUMPS };
  return Buffer.from(StartWorkflowExecutionRequest.encode(request).finish());
}
