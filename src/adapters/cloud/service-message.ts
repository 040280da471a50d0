/** Why a service of the cloud or of monitoring gave no answer, for people. */
import { ApplicationFailure } from '@temporalio/common';
import { NoAnswer } from '../http/http.js';
import { Unusable } from '../http/json-service.js';
import { awsMessage } from './aws.js';

/** Our own words where they are ours; else what AWS's SDK failed with, without its words. */
export const serviceMessage = (error: unknown): string =>
  error instanceof Unusable || error instanceof NoAnswer || error instanceof ApplicationFailure
    ? error.message
    : awsMessage(error);
