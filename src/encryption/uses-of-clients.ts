/** What a client is about to send, for the codec: to the SDK a start's arguments and a signal's are the same. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClientInterceptors } from '@temporalio/client';
import { USES } from './places.js';

const sending = new AsyncLocalStorage<string>();

/** Undefined outside of a client's call. */
export const useAtClient = (): string | undefined => sending.getStore();

export const clientInterceptors: ClientInterceptors = {
  workflow: [
    {
      startWithDetails: (input, next) => sending.run(USES.start, next, input),
      signal: (input, next) => sending.run(USES.signal(input.signalName), next, input),
      startUpdate: (input, next) => sending.run(USES.update(input.updateName), next, input),
      query: (input, next) => sending.run(USES.query(input.queryType), next, input),
    },
  ],
};

/** Makes or changes a schedule, of which the SDK's interceptors see the making alone. */
export const scheduling = <T>(work: () => Promise<T>): Promise<T> => sending.run(USES.scheduledStart, work);
