/**
 * What it adds to an act on production that the runner looks, right before it, at whose word it is done by: the shipped
 * plan's deploy, with a signed start and five sign-offs by SSH keys, passkeys and an identity provider, against the act
 * alone. The words are kept as evidence, as they are there. Exit 1 when the bound is missed.
 *
 * The act itself takes no time, so that what is left is what is added.
 *
 *   npm run bench:verification [-- --rounds N --json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { demandAuthority } from '../src/activities/authority.js';
import type { Authority, SaidDecision } from '../src/contract/envelope.js';
import type { ResolvedPlan } from '../src/contract/plan/plan.js';
import { percentile } from '../src/domain/statistics.js';
import { STEPS } from '../src/domain/steps.js';
import { digestOf } from '../src/plan/core/digest.js';
import { loadPlan } from '../src/plan/load.js';
import { statementOf } from '../src/policy/dsse.js';
import { warnOfLoad } from './machine.js';
import { flag, measurePairs, round, tell } from './pairs.js';
import { type Signer, signersOf } from './signers.js';

const PLAN = 'plans/eduautismo-performance.yaml';
/** Milliseconds that an act may take longer. */
const AT_MOST = 50;

const ACTIVITY = 'runCommand';
const PROPOSAL = 'a'.repeat(64);
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** Everything that was said of the deployment until production is deployed to. */
async function wordsOf(
  { plan, deployment }: { plan: ResolvedPlan; deployment: string },
  { starter, approvers }: { starter: Signer; approvers: Signer[] },
): Promise<Authority> {
  const about = { deployment, service: plan.service, plan: digestOf(plan) };
  const start: SaidDecision = {
    ...{ kind: 'start', who: starter.who, role: '' },
    envelope: await starter.seal(
      statementOf({ ...about, person: starter.who, role: '', decision: 'start' }, Date.now()),
    ),
  };
  const approvals: SaidDecision[] = [];
  for (const { who, role, seal } of approvers) {
    const said = { ...about, person: who, role, subject: 'sign-offs', proposal: PROPOSAL, commit: COMMIT } as const;
    const envelope = await seal(statementOf({ ...said, decision: 'approve' }, Date.now()));
    approvals.push({ kind: 'approve', who, role, subject: 'sign-offs', envelope });
  }
  return { deployment, plan, proposal: PROPOSAL, commit: COMMIT, decisions: [start, ...approvals] };
}

async function measure(): Promise<number> {
  warnOfLoad();
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-verification-'));
  try {
    const plan = { ...loadPlan(PLAN).resolved, evidence: join(folder, 'evidence') };
    const deployment = `${plan.service}-20261127-000000-0001`;
    const { policy, ...people } = await signersOf(plan, folder);
    const input = {
      key: { deployment, step: STEPS.productionDeploy.id, generation: 1 },
      evidence: { store: plan.evidence, deployment },
      environment: plan.environments.production,
      command: plan.commands.deploy,
      values: { version: plan.release.target, commit: COMMIT },
      authority: await wordsOf({ plan, deployment }, people),
    };
    const { inbound } = demandAuthority({ policy, runner: 'bench', state: join(folder, 'state') })();
    // A worker has begun long before its first act.
    await pause(1_000);
    const mock = new MockActivityEnvironment({ activityType: ACTIVITY }, { logger: new DefaultLogger('ERROR') });
    const act = async () => ({ evidence: [] });
    const timed = async (work: () => Promise<unknown>) => {
      const from = performance.now();
      await mock.run(work);
      return performance.now() - from;
    };
    const verified = () => timed(() => inbound.execute({ args: [input] }, act));
    const first = await verified();
    const pairs = await measurePairs(flag('rounds', 101), { ours: verified, bare: () => timed(act) });
    const added = pairs.map(({ ours, bare }) => ours - bare);
    const [median, p95] = [percentile(added, 50), percentile(added, 95)];
    const row = {
      what: `${1 + people.approvers.length} signed words before an act`,
      acts: pairs.length,
      added: round(median),
      p95: round(p95),
      first: round(first),
      bound: `${Math.max(p95, first) < AT_MOST ? 'pass' : 'FAIL'} (${AT_MOST})`,
    };
    return tell([row]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await measure();
