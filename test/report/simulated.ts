/** Activities in which everything is well, with evidence that is really kept: for histories to make reports of. */
import { appendEvidence, referTo, storeEvidence } from '../../src/adapters/evidence/evidence-store.js';
import { seriesLine, seriesPath } from '../../src/adapters/metrics/samples/series.js';
import type { Activities } from '../../src/contract/activities/activities.js';
import type { EvidencePlace, StepKey } from '../../src/contract/activities/step.js';
import { aspectsOf } from '../../src/contract/checks.js';
import type { EndpointCheck } from '../../src/contract/plan/application.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Fact } from '../../src/domain/evidence.js';
import type { Question } from '../../src/domain/ledger/ledger.js';
import type { Sample } from '../../src/domain/watch/criteria.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { knownSteps } from './known-steps.js';

export interface Circumstances {
  /** Facts that do not hold, as `STEP/FACT`, the first time. */
  failing: Set<string>;
  /** The watch in which all requests fail. */
  breaking?: string;
  /** Waits before the first activity of a step comes back. */
  before?: (step: string) => Promise<void>;
  /** What people do when they are asked something. */
  answer: (question: Question) => Promise<void>;
}

interface Input {
  key: StepKey;
  evidence: EvidencePlace;
  direction?: { kind: string };
  environment?: { name: string };
  checks?: EndpointCheck[];
  on?: boolean;
}

const OLD = '8c1f0a2d4b6e';

export function simulatedActivities(plan: ResolvedPlan, circumstances: Circumstances): Activities {
  const established = new Map(knownSteps(plan).map(({ id, facts }) => [id, facts]));
  const revisions: Record<string, string> = { staging: OLD, production: OLD };
  const baskets = new Map<string, number>();

  const report = async ({ key, evidence }: Input, names: string[]) => {
    await circumstances.before?.(key.step);
    const facts = names.map((name): Fact => {
      const ok = !circumstances.failing.delete(`${key.step}/${name}`);
      return { name, ok, text: `${name} is ${ok ? '' : 'not '}well` };
    });
    const count = (baskets.get(key.step) ?? 0) + 1;
    baskets.set(key.step, count);
    const path = `${key.step}/${key.generation}/seen-${count}.txt`;
    const reference = await storeEvidence(evidence, { title: `Seen in ${key.step}`, path, content: `${key.step}\n` });
    return { summary: `${key.step} is well`, facts, evidence: [reference] };
  };
  const all = (input: Input) => report(input, established.get(input.key.step) ?? ['ran']);
  const only =
    (...names: string[]) =>
    (input: Input) =>
      report(input, names);

  return {
    admit: async () => ({ runner: 'reports' }),
    checkClock: async () => {},
    stateOfRun: async () => 'RUNNING',
    archiveDeployment: async () => ({ untold: [] }),
    checkRepository: async (input: Input) => ({ ...(await all(input)), commit: 'c'.repeat(40) }),
    checkReview: all,
    checkAccess: all,
    checkStaging: all,
    checkTools: all,
    checkAlerts: all,
    sendNotices: all,
    reviewDatabase: all,
    checkIndexUse: all,
    verifyState: all,
    runLoadTest: all,
    runCommand: only('ran'),
    checkLogs: only('ran', 'logs'),
    checkCommand: all,
    checkRequest: all,
    checkQuery: all,
    readBefore: async (input: Input) => ({ ...(await all(input)), before: { value: '0' } }),
    checkMetric: all,
    awaitHealth: only('status', 'version'),
    readStarts: () => [],
    awaitDrained: only('drained'),
    checkPath: only('status'),
    checkMaintenance: (input: Input) => report(input, input.on ? ['message'] : ['reachable', 'message-gone']),
    checkEndpoints: (input: Input) =>
      report(input, [
        'login',
        ...(input.checks ?? []).flatMap((check) => aspectsOf(check).map((aspect) => `${check.id}.${aspect}`)),
      ]),
    checkApiDocumentation: async (input: Input) => ({ ...(await all(input)), browser: true }),
    checkIndexes: async (input: Input) => ({ ...(await all(input)), use: { reset: null, scans: {} } }),
    backUpDatabase: async (input: Input) => ({
      ...(await all(input)),
      ...{ bytes: 1, sha256: 'b'.repeat(64), location: 'file:/dump', restoreMilliseconds: 1_000 },
    }),
    restoreDatabase: only('fetched', 'restored', 'in-place'),
    migrate: async (input: Input) => {
      const name = input.environment?.name ?? 'staging';
      const before = revisions[name] ?? OLD;
      const after = input.direction?.kind === 'upgrade' ? (plan.migration?.revision ?? OLD) : OLD;
      revisions[name] = after;
      const facts = established.get(input.key.step) ?? ['ran', 'revision'];
      return { ...(await report(input, facts)), before, after, milliseconds: 1, compared: { schema: '', lost: [] } };
    },
    checkProduction: async (input: Input) => ({
      ...(await all(input)),
      found: { version: plan.release.previous, revision: OLD },
    }),
    readRevision: async ({ environment }: { environment: { name: string } }) => revisions[environment.name] ?? OLD,
    storedRevision: async ({ environment }: { environment: { name: string } }) => revisions[environment.name] ?? OLD,
    countRows: async () => 1_000,
    writtenTo: async () => [],
    nextOpening: async () => ({ open: true, text: 'open' }),
    sealProposal: async (input: Input & { content: unknown }) => ({
      ...(await all(input)),
      ...{ digest: digestOf(input.content), commit: 'c'.repeat(40) },
    }),
    verifySignature: async () => ({ valid: true, reason: 'good' }),
    sampleMetrics: async ({
      monitor,
      evidence,
      at,
      metrics,
    }: {
      monitor: string;
      evidence: EvidencePlace;
      at: number;
      metrics: { name: string }[];
    }) => {
      const value = (name: string) =>
        name === 'error-rate' && monitor === circumstances.breaking
          ? 50
          : name === 'success-rate'
            ? 100
            : name === 'throughput'
              ? 30
              : 0;
      const samples = Object.fromEntries(
        metrics.map(({ name }): [string, Sample[]] => [name, [{ at, kind: 'ok', value: value(name) }]]),
      );
      await appendEvidence(evidence, seriesPath(monitor), seriesLine(at, samples));
      return samples;
    },
    sealSeries: async ({ monitor, evidence }: { monitor: string; evidence: EvidencePlace }) => [
      await referTo(evidence, `Samples of ${monitor}`, seriesPath(monitor)),
    ],
    assessTrends: async ({ trends }: { trends: { id: string; title: string; metric: string; test: 'leak' }[] }) => ({
      results: trends.map((trend) => ({
        ...trend,
        verdict: 'healthy' as const,
        text: 'flat',
        figures: {},
        rule: '',
        samples: 300,
        unknown: 0,
      })),
      evidence: [],
    }),
    tell: async ({ questions }: { questions: Question[] }) => {
      for (const question of questions) await circumstances.answer(question);
      return { threads: {}, untold: [] };
    },
  } as unknown as Activities;
}
