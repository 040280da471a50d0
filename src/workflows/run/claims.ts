/** Decisions that count once something has been looked at: whoever sent one hears of it then. */
import type { DecisionJudgement } from '../../domain/decisions/decisions.js';
import { inShort } from '../../domain/decisions/read-decision.js';
import type { DecisionRecord } from '../../domain/ledger/ledger.js';
import type { Context } from './context.js';

export function settleClaim(context: Context, claim: DecisionRecord, { accepted, reason }: DecisionJudgement): void {
  const { ledger } = context;
  Object.assign(claim, { accepted, reason });
  if (!accepted) Object.assign(claim, inShort(claim));
  ledger.claims = ledger.claims.filter((other) => other !== claim);
  context.publish();
}
