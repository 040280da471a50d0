/** What is signed of a decision, where a deployment asks for it signed by its runner's policy. */
import type { Statement } from '../contract/envelope.js';
import { openQuestion } from '../domain/decisions/decisions.js';
import { DECISION_KINDS } from '../domain/ledger/decision-kinds.js';
import type { Decision, Ledger } from '../domain/ledger/ledger.js';
import { backupName } from '../domain/rollback/backup-name.js';

type Said = Omit<Statement, 'nonce' | 'expires'>;

/** It says what it answers, also where only one question is open. @param before the ledger that the decision answers to */
export function saidInDecision(decision: Decision, before: Ledger): Said {
  const { kind, who, role, why = '', option = '', revision = '', to = '', build = '' } = decision;
  const { deployment, service, digest: plan, proposal } = before;
  const { subject = openQuestion(before, decision, DECISION_KINDS[kind].answers)?.id ?? '' } = decision;
  const about = { deployment, service, plan, proposal: proposal?.digest ?? '', commit: proposal?.commit ?? '' };
  const restored = option === 'restore' ? before.production.backup : undefined;
  const backup = decision.backup ?? (restored && backupName(restored));
  const back = { option, revision, ...(backup === undefined ? {} : { backup }) };
  return { ...about, role, person: who, decision: kind, subject, why, ...back, to, build };
}

/** The decision with all that is said in it, so that what is sent and what is signed are the same. */
export function asSaid(decision: Decision, { subject, backup }: Said): Decision {
  return {
    ...decision,
    subject: decision.subject ?? (subject || undefined),
    ...(backup === undefined ? {} : { backup }),
  };
}
