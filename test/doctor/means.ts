/** With what checks of the doctor are run in tests. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Means } from '../../src/doctor/checks/check.js';
import { evidencePlace } from '../helpers/context.js';

export const means = async (): Promise<Means> => ({
  signal: new AbortController().signal,
  patience: { answer: 5_000, whole: 20_000, pause: 10 },
  evidence: await evidencePlace(),
  inActivity: (work) => new MockActivityEnvironment().run(work),
});
