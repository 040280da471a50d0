/**
 * A move to another runner: taken once that one has answered, whatever the deployment does meanwhile. One to another build
 * has been made by then, and is written down.
 */
import { CancellationScope } from '@temporalio/workflow';
import { runnerQueue } from '../../contract/names.js';
import type { DecisionJudgement } from '../../domain/decisions/decisions.js';
import { whyNotMoved, whyNotOfBuild, whyNotOnBuild } from '../../domain/decisions/moves.js';
import type { DecisionRecord } from '../../domain/ledger/ledger.js';
import { buildNow } from '../common/build.js';
import { presenceNow } from '../common/policies.js';
import { settleClaim } from './claims.js';
import type { Context } from './context.js';
import { describe, isFailure } from './failures.js';

export async function move(context: Context, claim: DecisionRecord): Promise<void> {
  const { build, reason } = claim;
  const lack = build === undefined ? await moveToRunner(context, claim) : whyNotOnBuild(build, buildNow());
  const judgement: DecisionJudgement =
    lack === undefined ? { accepted: true, reason } : { accepted: false, reason: lack };
  settleClaim(context, claim, judgement);
}

/** From then on commands go there; what waits for the old one sees it by itself. @returns why they do not */
async function moveToRunner(context: Context, claim: DecisionRecord): Promise<string | undefined> {
  const { ledger } = context;
  const { to = '' } = claim;
  const queue = runnerQueue(to);
  const lack = await CancellationScope.nonCancellable(() => whyNotServed(queue, to));
  const refusal = lack ?? whyNotMoved({ ...ledger, claims: [] }, claim);
  if (refusal !== undefined) return refusal;
  context.runner = queue;
  ledger.runner = queue;
  return undefined;
}

/** Asked of whoever answers: what goes to a queue that its build has never served goes to that queue's current build. */
async function whyNotServed(queue: string, runner: string): Promise<string | undefined> {
  try {
    const { present } = presenceNow(queue);
    const answer = await present.executeWithOptions({ summary: `Is runner ${runner} there?` }, []);
    return whyNotOfBuild(runner, { answered: answer?.build, own: buildNow() });
  } catch (error) {
    if (!isFailure(error)) throw error;
    return `runner ${runner} has not answered: start \`surefoot worker --state DIR\` with its state folder, or name another one (${describe(error)})`;
  }
}
