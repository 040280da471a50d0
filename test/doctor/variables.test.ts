/** Variables of the worker that a plan lists for its commands: each is looked for before a deployment needs it. */
import { afterEach, expect, test, vi } from 'vitest';
import type { CheckContext, Means } from '../../src/doctor/checks/check.js';
import { serverChecks } from '../../src/doctor/checks/servers.js';
import { loadPlan } from '../../src/plan/load.js';

afterEach(() => vi.unstubAllEnvs());

test('is told which of them the worker does not have, and for which environment', async () => {
  vi.stubEnv('TEST_KUBECONFIG', '/etc/kube');
  vi.stubEnv('TEST_NOT_SET', undefined);
  const plan = structuredClone(loadPlan('plans/kubernetes.yaml').resolved);
  plan.environments.production.variables = ['TEST_KUBECONFIG', 'TEST_NOT_SET', 'TEMPORAL_API_KEY'];
  const checks = serverChecks({ plan } as CheckContext).filter(({ id }) => id.includes('-variable:'));
  const results = await Promise.all(checks.map((check) => check.run({} as Means)));
  expect(results.flat()).toEqual([
    {
      name: 'production-variable:TEST_KUBECONFIG',
      ok: true,
      text: 'production: TEST_KUBECONFIG is set for its commands',
    },
    {
      name: 'production-variable:TEST_NOT_SET',
      ok: false,
      text: 'production: TEST_NOT_SET is not set for the worker',
      advice: 'Set it where the worker is started, or take it out of `variables`.',
    },
    {
      name: 'production-variable:TEMPORAL_API_KEY',
      ok: false,
      text: 'production: TEMPORAL_API_KEY is what the worker proves itself by, and is given to no command',
      advice: 'Set it where the worker is started, or take it out of `variables`.',
    },
  ]);
});
