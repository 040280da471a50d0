/** What an accepted decision changes in the ledger. */
import { DECISION_KINDS } from '../ledger/decision-kinds.js';
import type { DecisionRecord, Ledger } from '../ledger/ledger.js';
import type { Approvals } from './approvals.js';
import { type DecisionJudgement, HOLD, judgeDecision, openQuestion } from './decisions.js';
import { isDemanded } from './demands.js';

/** Writes an accepted decision into the ledger. Handlers only change state; the workflow's waits see the change. */
export function take(ledger: Ledger, record: DecisionRecord): void {
  switch (record.kind) {
    case 'approve':
      // Where the runner's policy asks for it, its envelope has been opened by then.
      if (isDemanded(ledger.demands, 'approve')) addApproval(ledger, record, true);
      else if (record.signature === undefined) addApproval(ledger, record, false);
      else ledger.claims.push(record);
      return;
    case 'move':
      ledger.claims.push(record);
      return;
    case 'hold':
      ledger.held = record;
      return;
    case 'resume': {
      const release = ledger.held && (record.subject ?? HOLD) === HOLD;
      const concern = release ? undefined : openQuestion(ledger, record, DECISION_KINDS.resume.answers);
      if (concern) concern.answer = record;
      else if (release) {
        ledger.held = undefined;
        if (ledger.reset) ledger.reset.answer ??= record;
      }
      return;
    }
    case 'confirm':
    case 'retry':
    case 'skip':
    case 'override': {
      const question = openQuestion(ledger, record, DECISION_KINDS[record.kind].answers);
      if (question) question.answer = record;
      return;
    }
    case 'rollback': {
      const asked = openQuestion(ledger, record, DECISION_KINDS.rollback.answers);
      if (asked) asked.answer = record;
      else stopBy(ledger, record);
      return;
    }
    case 'abort':
      // A way back that somebody has chosen stands.
      if (!ledger.stop) stopBy(ledger, record);
      return;
    case 'reject':
      stopBy(ledger, record);
      return;
  }
}

/** Who stops a deployment that asks how a command ended has said what is to follow it. */
function stopBy(ledger: Ledger, record: DecisionRecord): void {
  ledger.stop = record;
  if (ledger.unsettled) ledger.unsettled.answer ??= record;
}

/** A signed approval whose signature turned out good is judged once more: others may have come first. */
export function admitClaim(ledger: Ledger, approvals: Approvals, claim: DecisionRecord): DecisionJudgement {
  const judgement = judgeDecision(ledger, approvals, claim);
  if (judgement.accepted) addApproval(ledger, claim, true);
  return judgement;
}

function addApproval(ledger: Ledger, { role, who, at }: DecisionRecord, signed: boolean): void {
  const digest = ledger.proposal?.digest ?? '';
  ledger.approvals.push({ role, who, at, digest, ...(signed ? { signed } : {}) });
}
