/** The commands of plans/kubernetes.yaml, run as the worker runs them, against a kubectl that answers as recorded. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { createSampleActivities } from '../../../src/activities/metrics/samples.js';
import { askHealth, told } from '../../../src/adapters/application/health.js';
import { healthPlace } from '../../../src/adapters/application/health-reading.js';
import type { StepKey } from '../../../src/contract/activities/step.js';
import { logsOf } from '../../../src/contract/plan/parts.js';
import { loadPlan } from '../../../src/plan/load.js';
import { serve } from '../../helpers/server.js';
import { replaceOnce, write } from '../../plan/plan-files.js';
import { runActivity, temporaryFolder } from '../support.js';

vi.setConfig({ testTimeout: 30_000 });

/** A key of test/fixtures/kubectl/recorded.json. */
type Stage = 'comes up' | 'is on its way' | 'does not come up' | 'is away';

// The kubeconfig of this worker is not where kubectl looks for it by itself.
const text = (
  [
    ['scripts: ./kubernetes', `scripts: ${resolve('plans/kubernetes')}`],
    ['both: { api: "{environment}" }', 'both: { api: "{environment}", variables: [KUBECONFIG] }'],
  ] as const
).reduce(replaceOnce, readFileSync('plans/kubernetes.yaml', 'utf8'));
const { resolved: plan } = loadPlan(write('plan.yaml', text));
const { production } = plan.environments;
const key: StepKey = { deployment: 'greeter-1', step: 'production.deploy', generation: 1 };

beforeEach(() => vi.stubEnv('PATH', `${resolve('test/fixtures/kubectl')}:${process.env.PATH}`));
afterEach(() => vi.unstubAllEnvs());

/** What the release does in this cluster. */
function cluster(stage: Stage) {
  const folder = temporaryFolder();
  vi.stubEnv('KUBECONFIG', join(folder, 'config'));
  writeFileSync(join(folder, 'stage'), stage);
  const at = {
    key,
    evidence: { store: join(folder, 'evidence'), deployment: key.deployment },
    environment: production,
  };
  const { runCommand, checkLogs } = createCommandActivities({ state: folder });
  return {
    deploy: (version: string) =>
      runActivity(() => runCommand({ ...at, command: plan.commands.deploy, values: { version } })),
    logs: () => runActivity(() => checkLogs({ ...at, ...logsOf(plan) })),
    version: async () => {
      const ingress = await serve((_, response) => response.end('ok'));
      return told(await askHealth(healthPlace({ ...production, api: ingress.url }, '/healthz')), 'version');
    },
    ready: async () => {
      const metrics = (plan.watches[0]?.metrics ?? []).filter(({ name }) => name === 'ready');
      const input = { monitor: 'watch-30m', evidence: at.evidence, at: 60_000, since: {}, metrics, baselines: {} };
      const samples = await runActivity(() => createSampleActivities().sampleMetrics({ ...input, clock: 'real' }));
      return samples.ready?.[0];
    },
    calls: () => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n'),
  };
}

const calls = (...words: string[]) => words.map((call) => `--context production ${call}`);
const REVISION = String.raw`get deployment/greeter --output jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}`;

describe('a release in a cluster', () => {
  // A rollback of code deploys the one before.
  test.each(['v2.0.0', 'v1.9.0'])('that comes up is rolled out, and waited for: %s', async (version) => {
    const { deploy, calls: made } = cluster('comes up');
    expect((await deploy(version)).facts).toMatchObject([{ name: 'ran', ok: true }]);
    expect(made()).toEqual(
      calls(
        REVISION,
        `set image deployment/greeter greeter=registry.example.com/greeter:${version}`,
        'rollout status deployment/greeter --timeout 5m',
      ),
    );
  });

  test('that does not come up is undone to the revision before, and the failure has Kubernetes’ own words', async () => {
    const { deploy, calls: made } = cluster('does not come up');
    await expect(deploy('v2.0.0')).rejects.toMatchObject({
      type: 'CommandFailed',
      message: expect.stringContaining('exceeded its progress deadline'),
    });
    expect(made().slice(2)).toEqual(
      calls('rollout status deployment/greeter --timeout 5m', 'rollout undo deployment/greeter --to-revision 7'),
    );
  });

  test('is not touched where its revision cannot be seen', async () => {
    const { deploy, calls: made } = cluster('is away');
    await expect(deploy('v2.0.0')).rejects.toMatchObject({ message: expect.stringContaining('was refused') });
    expect(made()).toEqual(calls(REVISION));
  });

  test('is the version of the pods that are ready: of two kinds of them, or of none, it is not known', async () => {
    expect(await cluster('comes up').version()).toEqual({ value: 'v2.0.0' });
    expect(await cluster('does not come up').version()).toEqual({ value: 'v1.9.0' });
    expect(await cluster('is on its way').version()).toEqual({ unknown: 'the command for it prints no single line' });
    expect(await cluster('is away').version()).toEqual({ unknown: expect.stringContaining('exit code 1') });
  });

  test('has the logs of all its pods read', async () => {
    const { logs, calls: made } = cluster('comes up');
    expect((await logs()).facts).toMatchObject([
      { name: 'ran', ok: true },
      { name: 'logs', ok: true, text: 'no critical line among the last 2 lines of the log' },
    ]);
    expect(made()).toEqual(calls('logs --selector app=greeter --prefix --tail 1000'));
  });

  test('has as many pods as are ready: none is a number, and a cluster that does not answer gives none', async () => {
    expect(await cluster('comes up').ready()).toMatchObject({ value: 3 });
    expect(await cluster('is on its way').ready()).toMatchObject({ value: 0 });
    expect(await cluster('is away').ready()).toMatchObject({ kind: 'error' });
  });
});
