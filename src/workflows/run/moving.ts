/** A move to another runner: taken once that one has answered, whatever the deployment does meanwhile. */
import { CancellationScope } from '@temporalio/workflow';
import { runnerQueue } from '../../contract/names.js';
import type { DecisionJudgement } from '../../domain/decisions/decisions.js';
import { whyNotMoved } from '../../domain/decisions/moves.js';
import type { DecisionRecord } from '../../domain/ledger/ledger.js';
import { presenceNow } from '../common/policies.js';
import { settleClaim } from './claims.js';
import type { Context } from './context.js';
import { describe, isFailure } from './failures.js';

/** From then on commands go there; what waits for the old one sees it by itself. */
export async function move(context: Context, claim: DecisionRecord): Promise<void> {
  const { ledger } = context;
  const { to = '', reason } = claim;
  const queue = runnerQueue(to);
  const lack = await CancellationScope.nonCancellable(() => whyNotServed(queue, to));
  const refusal = lack ?? whyNotMoved({ ...ledger, claims: [] }, claim);
  if (refusal === undefined) {
    context.runner = queue;
    ledger.runner = queue;
  }
  const judgement: DecisionJudgement =
    refusal === undefined ? { accepted: true, reason } : { accepted: false, reason: refusal };
  settleClaim(context, claim, judgement);
}

async function whyNotServed(queue: string, runner: string): Promise<string | undefined> {
  try {
    await presenceNow(queue).present.executeWithOptions({ summary: `Is runner ${runner} there?` }, []);
    return undefined;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return `runner ${runner} has not answered: start \`surefoot worker --state DIR\` with its state folder, or name another one (${describe(error)})`;
  }
}
