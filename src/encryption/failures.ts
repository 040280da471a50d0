/** Failures with message and stack inside the payload, so that they are encrypted as well (`encodeCommonAttributes`). */
import { DefaultFailureConverter, type PayloadConverter, type ProtoFailure } from '@temporalio/common';
import { markedFor, USES } from './places.js';

/** Each of them is bound to its type, which itself stays in clear. */
class BoundFailureConverter extends DefaultFailureConverter {
  override errorToFailure(...given: [unknown, PayloadConverter]): ProtoFailure {
    const failure = super.errorToFailure(...given);
    const { applicationFailureInfo: own, encodedAttributes: told } = failure;
    if (!own || !told) return failure;
    const payloads = own.details?.payloads?.map((detail) => markedFor(USES.shown, detail));
    return {
      ...failure,
      encodedAttributes: markedFor(USES.failure(own.type ?? ''), told),
      applicationFailureInfo: { ...own, ...(payloads ? { details: { payloads } } : {}) },
    };
  }
}

/** Loaded by path, by clients, workers and the bundle of encrypting workers alike. */
export const failureConverter = new BoundFailureConverter({ encodeCommonAttributes: true });
