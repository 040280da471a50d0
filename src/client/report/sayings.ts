/** What people said, judged as the workflow judges it, against what the history shows to have been asked by then. */

import { DOCUMENTATION_FACTS } from '../../contract/checks.js';
import type { Concern } from '../../contract/messages.js';
import { approvalStatement } from '../../domain/approvals.js';
import { DECISIONS, type DecisionKind } from '../../domain/decision-kinds.js';
import { admitClaim, judge, openQuestion, readDecision, take } from '../../domain/decisions.js';
import type { Attestation, Fact, StepReport } from '../../domain/evidence.js';
import type { Decision, DecisionRecord, OpenQuestion, StepRecord } from '../../domain/ledger.js';
import { STEPS } from '../../domain/steps.js';
import { type About, type Asked, askedBy, everyRole } from './asked.js';
import type { Happening } from './happenings.js';
import { begin } from './records.js';

type Heard = Extract<Happening, { kind: 'signalled' | 'updated' }>;

export class Sayings {
  private readonly concerns = new Map<string, Asked & { monitor: string }>();
  private readonly waived = new Map<string, Map<string, Attestation>>();
  /** What the documentation's check has established where there was no browser. */
  private unseen?: StepReport;

  constructor(private readonly about: About) {}

  hear(heard: Heard): void {
    if (heard.kind === 'signalled' && heard.name === 'concernRaised') this.raise(heard.sent as Concern, heard.at);
    else if (heard.kind === 'signalled' && heard.name === 'concernSettled') {
      this.concerns.delete((heard.sent as { criterion?: string } | undefined)?.criterion ?? '');
    } else this.decide(heard);
    this.about.ledger.questions = this.open();
  }

  /** A watch begins: what was waived in an earlier one does not count for it. */
  watching(monitor: string): void {
    this.waived.set(monitor, new Map());
  }

  waivers(monitor: string): ReadonlyMap<string, Attestation> {
    for (const [id, concern] of this.concerns) if (concern.monitor === monitor) this.concerns.delete(id);
    return this.waived.get(monitor) ?? new Map();
  }

  documented(report: StepReport & { browser: boolean }): void {
    if (!report.browser) this.unseen = report;
  }

  verified(
    { who, statement }: { who: string; statement: string },
    verdict: { valid: boolean; reason: string },
    at: number,
  ): void {
    const { ledger, plan } = this.about;
    const digest = ledger.proposal?.digest ?? '';
    const claim = ledger.claims.find(
      (one) =>
        one.who === who &&
        approvalStatement({ deployment: ledger.deployment, digest, role: one.role, who }) === statement,
    );
    if (!claim) return;
    ledger.questions = this.open();
    const judged = verdict.valid ? admitClaim(ledger, plan.approvals, claim) : { ...verdict, accepted: false };
    claim.accepted = judged.accepted;
    claim.reason = judged.reason;
    ledger.claims = ledger.claims.filter((other) => other !== claim);
    this.signOff(at);
  }

  private decide(heard: Heard): void {
    const { ledger, plan } = this.about;
    const sent = heard.sent as Partial<Decision> | undefined;
    const kind = heard.kind === 'signalled' ? heard.name : sent?.kind;
    if (!DECISIONS.includes(kind as DecisionKind)) {
      const reason = `"${kind ?? '?'}" is no decision; use one of ${DECISIONS.join(', ')}`;
      ledger.decisions.push({
        kind: 'hold',
        who: '?',
        role: '?',
        at: heard.at,
        via: 'signal',
        accepted: false,
        reason,
      });
      return;
    }
    const decision = readDecision(kind as DecisionKind, heard.sent);
    const at = { at: heard.at, via: heard.kind === 'updated' ? ('update' as const) : ('signal' as const) };
    if ('invalid' in decision) {
      const nobody = { kind: kind as DecisionKind, who: '?', role: '?' };
      ledger.decisions.push({ ...nobody, ...at, accepted: false, reason: decision.invalid });
      return;
    }
    ledger.questions = this.open();
    // The history holds what became of an update; a signal is judged anew.
    const judged = heard.kind === 'updated' ? heard : judge(ledger, plan.approvals, decision);
    const record: DecisionRecord = { ...decision, ...at, accepted: judged.accepted, reason: judged.reason };
    ledger.decisions.push(record);
    if (record.accepted) this.follow(record);
  }

  private follow(record: DecisionRecord): void {
    const { ledger } = this.about;
    const { at, kind } = record;
    const answered = openQuestion(ledger, record, ['confirmation', 'step-failed', 'concern']);
    take(ledger, record);
    if (kind === 'approve') {
      // An update comes back only when its signature has been verified.
      const claim = ledger.claims.find((one) => one === record);
      if (claim && record.via === 'update') this.admitVerified(claim);
      this.signOff(at);
    }
    if (answered?.kind === 'confirmation' && kind === 'confirm') this.confirmed(answered, record);
    if (answered?.kind === 'step-failed' && kind === 'skip') this.skipped(answered, record);
    if (answered?.kind === 'concern' && kind === 'resume') {
      const { monitor = '' } = this.concerns.get(answered.id) ?? {};
      this.waived.get(monitor)?.set(answered.id, attestation(record));
      this.concerns.delete(answered.id);
    }
  }

  private admitVerified(claim: DecisionRecord): void {
    const { ledger } = this.about;
    ledger.claims = ledger.claims.filter((other) => other !== claim);
    const { role, who, at } = claim;
    if (ledger.approvals.some((one) => one.role === role)) return;
    ledger.approvals.push({ role, who, at, digest: ledger.proposal?.digest ?? '', signed: true });
  }

  /** The step ends when every role has signed. */
  private signOff(at: number): void {
    const { ledger, plan } = this.about;
    const { roles } = plan.approvals;
    const record = this.step(STEPS.signOffs.id);
    if (!record || !roles.every(({ role }) => ledger.approvals.some((one) => one.role === role))) return;
    const facts = ledger.approvals.map(({ role, who, signed }) => ({
      name: role,
      ok: true,
      text: `${role}: signed off by ${who}${signed ? ', signature verified' : ''}`,
      by: { who, role },
    }));
    const digest = ledger.proposal?.digest.slice(0, 12);
    const summary = `${facts.length} of ${roles.length} signed off ${digest}`;
    Object.assign(record, { state: 'passed', endedAt: at, facts, summary });
  }

  private confirmed({ id }: OpenQuestion, answer: DecisionRecord): void {
    const { who, role, why, at } = answer;
    const text = `confirmed by ${who} as ${role}${why ? `: ${why}` : ''}`;
    const names = id === STEPS.swagger.id ? DOCUMENTATION_FACTS : ['confirmed'];
    const facts: Fact[] = names.map((name) => ({ name, ok: true, text, by: attestation(answer) }));
    const record = this.step(id) ?? this.begin(id, at);
    if (!record) return;
    const evidence = id === STEPS.swagger.id ? (this.unseen?.evidence ?? []) : [];
    Object.assign(record, { state: 'passed', endedAt: at, summary: text, facts, evidence, reason: undefined });
    if (id === STEPS.swagger.id) this.unseen = undefined;
  }

  private skipped({ id }: OpenQuestion, answer: DecisionRecord): void {
    const record = this.step(id);
    if (!record) return;
    const by = attestation(answer);
    record.facts = record.facts.map((fact) => (fact.ok || fact.by ? fact : { ...fact, by }));
    const reason = `${record.reason} (skipped by ${answer.who} as ${answer.role}: ${answer.why})`;
    Object.assign(record, { state: 'skipped', skippedBy: by, reason });
  }

  private begin(id: string, startedAt: number): StepRecord | undefined {
    const found = this.about.known.find((step) => step.id === id);
    if (!found) return undefined;
    const { facts: _, confirmation: __, ...known } = found;
    const record = begin(known, 1, startedAt);
    this.about.ledger.steps.push(record);
    return record;
  }

  private raise({ criterion, monitor, title, text }: Concern, openedAt: number): void {
    const roles = everyRole(this.about.plan);
    const moves: DecisionKind[] = ['resume', 'rollback', 'abort'];
    this.concerns.set(criterion, { kind: 'concern', id: criterion, title, text, roles, moves, openedAt, monitor });
  }

  private open(): OpenQuestion[] {
    return askedBy(this.about, { concerns: [...this.concerns.values()], unseen: this.unseen !== undefined });
  }

  private step(id: string): StepRecord | undefined {
    return this.about.ledger.steps.find((record) => record.id === id);
  }
}

const attestation = ({ who, role, why }: Pick<Decision, 'who' | 'role' | 'why'>): Attestation =>
  why === undefined ? { who, role } : { who, role, why };
