/**
 * A move to another runner: taken once that one has answered, whatever the deployment does meanwhile. One to another build
 * has been made by then, and is written down.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { RunnerPresence } from '../../contract/activities/commands.js';
import { runnerQueue } from '../../contract/names.js';
import type { DecisionJudgement } from '../../domain/decisions/decisions.js';
import { judgeMove, whyNotMoved, whyNotOfBuild, whyNotOnBuild } from '../../domain/decisions/moves.js';
import type { DecisionRecord } from '../../domain/ledger/ledger.js';
import { movedBy } from '../../domain/runner.js';
import { buildNow } from '../common/build.js';
import { presenceNow } from '../common/policies.js';
import { settleClaim } from './claims.js';
import type { Context } from './context.js';
import { describe, isFailure } from './failures.js';

export async function move(context: Context, claim: DecisionRecord): Promise<void> {
  const { build, reason } = claim;
  settleClaim(context, claim, build === undefined ? await moveToRunner(context, claim) : onBuild(build, reason));
}

function onBuild(build: string, reason: string): DecisionJudgement {
  const lack = whyNotOnBuild(build, buildNow());
  return lack === undefined ? { accepted: true, reason } : refuse(lack);
}

const refuse = (reason: string): DecisionJudgement => ({ accepted: false, reason });

/** From then on commands go there; what waits for the old one sees it by itself. */
async function moveToRunner(context: Context, claim: DecisionRecord): Promise<DecisionJudgement> {
  const { to: identity = '' } = claim;
  const queue = runnerQueue(identity);
  const asked = await CancellationScope.nonCancellable(() => askRunner(queue, identity));
  if ('lack' in asked) return refuse(asked.lack);
  // Others may have come first meanwhile.
  const refusal = whyNotMoved({ ...context.ledger, claims: [] }, claim);
  if (refusal !== undefined) return refuse(refusal);
  const judged = judgeMove(context, { identity, queue, answer: asked.answer });
  if ('refused' in judged) return refuse(judged.refused);
  context.runOn(judged.moves.reduce(movedBy, context));
  return { accepted: true, reason: judged.reason };
}

/** Whoever answers: what goes to a queue that its build has never served goes to that queue's current build. */
async function askRunner(queue: string, runner: string): Promise<{ answer?: RunnerPresence } | { lack: string }> {
  try {
    const { present } = presenceNow(queue);
    const answer = await present.executeWithOptions({ summary: `Is runner ${runner} there?` }, []);
    const lack = whyNotOfBuild(runner, { answered: answer?.build, own: buildNow() });
    return lack === undefined ? { answer } : { lack };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return {
      lack: `runner ${runner} has not answered: start \`surefoot worker --state DIR\` with its state folder, or name another one (${describe(error)})`,
    };
  }
}
