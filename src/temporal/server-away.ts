/** Whether Temporal is away for a while: asked again later, it may answer. */
import { status } from '@grpc/grpc-js';
import { isGrpcServiceError } from '@temporalio/client';

/** By what a server that starts again, a network that is cut and one that lets nothing pass any more lead to. */
const AWAY: readonly status[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.ABORTED,
  status.RESOURCE_EXHAUSTED,
];

/** Of what is told as an inner error only this is one of the way between. */
const CUT_OFF = /RST_STREAM|without gRPC status/;

/** The SDK wraps what the server's own library says. */
export function isServerAway(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (!isGrpcServiceError(current)) continue;
    return AWAY.includes(current.code) || (current.code === status.INTERNAL && CUT_OFF.test(current.details));
  }
  return false;
}
