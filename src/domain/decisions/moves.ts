/** Judging a move: where the commands of a deployment are to run from then on. */
import type { Decision, Ledger } from '../ledger/ledger.js';
import { isQueueOf, isRunnerIdentity } from '../runner.js';

/** Why it cannot be; undefined when it can, if that runner is served: which is looked at before it counts. */
export function whyNotMoved({ runner, claims, outcome }: Ledger, { to }: Pick<Decision, 'to'>): string | undefined {
  if (outcome) return `the deployment has already ended: ${outcome}`;
  if (to === undefined) return 'say where to: the identity of another runner, as its log and its runner.json name it';
  if (!isRunnerIdentity(to)) {
    return `"${to.slice(0, 40)}" is no runner's identity: those are 16 characters of 0-9 and a-f`;
  }
  if (runner === undefined) return 'no runner has admitted the deployment yet: any that is served will';
  if (isQueueOf(runner, to)) return `its commands run on runner ${to} already`;
  const other = claims.find(({ kind }) => kind === 'move');
  return other && `whether runner ${other.to} is served is being looked at, for ${other.who}`;
}
