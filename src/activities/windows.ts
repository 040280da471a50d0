import { ApplicationFailure } from '@temporalio/common';
import { nextOpening } from '../adapters/windows.js';
import type { WindowActivities } from '../contract/activities/windows.js';
import { FailureType } from '../contract/errors.js';

export function createWindowActivities(): WindowActivities {
  return {
    async nextOpening(asked) {
      try {
        return nextOpening(asked);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw ApplicationFailure.create({
          type: FailureType.PreconditionFailed,
          message: `This worker cannot tell the time in ${asked.timeZone}: ${error.message}`,
          nonRetryable: true,
        });
      }
    },
  };
}
