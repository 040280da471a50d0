/** Checklist 4.4: a light load test of production. Optional; only when its role approves, and in a time of low traffic. */
import { sleep } from '@temporalio/workflow';
import type { StepKey } from '../../contract/activities/step.js';
import type { LoadTest } from '../../contract/plan/application.js';
import { needed } from '../../contract/plan/parts.js';
import type { Watch } from '../../contract/plan/watch.js';
import { attestationOf, byWhom, type Fact, type StepReport } from '../../domain/evidence.js';
import type { DecisionRecord } from '../../domain/ledger/ledger.js';
import { judgeImpact, type Samples, silentCriteria } from '../../domain/watch/impact.js';
import { series } from '../common/policies.js';
import { Sampler } from '../common/sampler.js';
import type { Deployment } from '../run/deployment.js';
import type { BeforeWatch } from './before-watch.js';
import { awaitWindow } from './window.js';

const MEASURED = ['success-rate', 'p95', 'p99', 'timeouts', 'memory', 'impact'];
/** Ticks after the test, until each criterion of the impact has said something. */
const MOST_TICKS = 4;

type Optional = NonNullable<Deployment['plan']['production']['loadTest']>;

export async function loadTestProduction(
  deployment: Deployment,
  { baselines }: Pick<BeforeWatch, 'baselines'>,
): Promise<void> {
  const optional = deployment.plan.production.loadTest;
  if (!optional) return;
  const { test } = optional;
  await deployment.step(test, async (key, summary) => {
    const permission = await deployment.guard.during(() => permit(deployment, optional));
    if ('declined' in permission) return declined(permission.declined);
    const report = await measure(deployment, { optional, key, summary, baselines });
    return { ...report, facts: [...permission.facts, ...report.facts] };
  });
}

/** Approval first, then the time of low traffic: who approves need not be awake when it begins. */
async function permit(
  deployment: Deployment,
  { test, approvedBy }: Optional,
): Promise<{ facts: Fact[] } | { declined: DecisionRecord }> {
  const answer = await deployment.ask({
    kind: 'confirmation',
    id: `${test.id}-approval`,
    title: `Approve ${test.title}`,
    text: `${test.requests} requests, ${test.concurrency} at once, against production`,
    roles: [approvedBy],
    moves: ['confirm', 'skip'],
  });
  if (answer.kind === 'skip') return { declined: answer };
  const approved: Fact = { name: 'approved', ok: true, text: `approved ${byWhom(answer)}`, by: attestationOf(answer) };
  return { facts: [approved, await lowTraffic(deployment, test, answer)] };
}

async function lowTraffic(deployment: Deployment, test: LoadTest, approval: DecisionRecord): Promise<Fact> {
  const weekly = deployment.plan.windows?.lowTraffic ?? [];
  const name = 'low-traffic';
  if (weekly.length === 0) {
    const text = `the plan names no time of low traffic; approved for now ${byWhom(approval)}`;
    return { name, ok: true, text, by: attestationOf(approval) };
  }
  return awaitWindow(deployment, { id: `${test.id}-window`, fact: name, name: 'a time of low traffic', weekly });
}

async function measure(
  deployment: Deployment,
  {
    optional,
    key,
    summary,
    baselines,
  }: { optional: Optional; key: StepKey; summary: string } & Pick<BeforeWatch, 'baselines'>,
): Promise<StepReport> {
  const { plan, evidence, load } = deployment;
  const users = new Impact(deployment, {
    monitor: `${optional.test.id}-impact-${key.generation}`,
    criteria: optional.impact,
    baselines,
  });
  await users.sample();
  const report = await load.runLoadTest.executeWithOptions({ summary }, [
    {
      key,
      evidence,
      environment: plan.environments.production,
      test: optional.test,
      limits: needed(plan.loadLimits),
      healthPath: plan.healthPath,
      logs: plan.commands.logs,
    },
  ]);
  const impact = await users.judge();
  return { ...report, facts: [...report.facts, ...impact.facts], evidence: [...report.evidence, ...impact.evidence] };
}

/** What production's metrics say during and right after the test. */
class Impact {
  private readonly watch: Watch | undefined;
  private readonly criteria: Watch['criteria'];
  private readonly since: Record<string, number> = {};
  private readonly sampler = new Sampler(() => ({
    ownRunner: this.deployment.runners?.production?.queue,
    authority: this.deployment.authority,
  }));
  private samples: Samples = {};

  constructor(
    private readonly deployment: Deployment,
    private readonly about: { monitor: string; criteria: string[] } & Pick<BeforeWatch, 'baselines'>,
  ) {
    this.watch = deployment.plan.watches.at(-1);
    this.criteria = (this.watch?.criteria ?? []).filter(({ id }) => about.criteria.includes(id));
  }

  /** @returns the samples since the last tick */
  async sample(): Promise<Samples> {
    const { evidence, input } = this.deployment;
    const { monitor, baselines } = this.about;
    const metrics = (this.watch?.metrics ?? []).filter(({ name }) =>
      this.criteria.some(({ metric }) => metric === name),
    );
    const at = Date.now();
    for (const { name } of metrics) this.since[name] ??= at;
    const samples = await this.sampler.sample({
      monitor,
      evidence,
      at,
      since: { ...this.since },
      clock: input.clock,
      metrics,
      baselines,
      ...(this.deployment.runners?.production ? { environment: 'production' as const } : {}),
    });
    for (const [name, list] of Object.entries(samples)) {
      this.since[name] = Math.max(this.since[name] ?? at, ...list.map((sample) => sample.at));
    }
    return samples;
  }

  async judge(): Promise<{ facts: Fact[]; evidence: StepReport['evidence'] }> {
    for (let ticks = 1; ticks <= MOST_TICKS; ticks += 1) {
      if (ticks > 1) await sleep(this.watch?.tick ?? 0, { summary: 'Wait for metrics of the load test' });
      const samples = await this.sample();
      for (const [name, list] of Object.entries(samples)) this.samples[name] = [...(this.samples[name] ?? []), ...list];
      if (silentCriteria(this.criteria, this.samples).length === 0) break;
    }
    const evidence = await series.sealSeries({ monitor: this.about.monitor, evidence: this.deployment.evidence });
    return { facts: [judgeImpact(this.criteria, this.samples)], evidence };
  }
}

function declined(answer: DecisionRecord): StepReport {
  const text = `declined ${byWhom(answer)}`;
  const by = attestationOf(answer);
  return {
    summary: `not run: ${text}`,
    facts: ['approved', 'low-traffic', ...MEASURED].map((name) => ({ name, ok: false, text, by })),
    evidence: [],
  };
}
