/** Failures with message and stack inside the payload, so that they are encrypted as well (`encodeCommonAttributes`). */
import { DefaultFailureConverter } from '@temporalio/common';

/** Loaded by path, by clients, workers and the bundle of encrypting workers alike. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
