/** What has happened in a deployment, one event each, as an audit log tells it. Pure. */
import type { ListedDeployment } from '../deployments/listed.js';
import type { Ledger, RollbackRecord, StepRecord } from '../ledger/ledger.js';

/** `at` is ISO 8601, null where the time is not known. */
export interface AuditEvent {
  at: string | null;
  kind: AuditKind;
  deployment?: string;
  service?: string;
  [detail: string]: unknown;
}

type AuditKind =
  | 'exported'
  | 'not-known'
  | 'deployment-started'
  | 'step-began'
  | 'step-ended'
  | 'decision'
  | 'sign-off'
  | 'watch-began'
  | 'watch-ended'
  | 'rollback-began'
  | 'rollback-ended'
  | 'deployment-ended'
  | 'ended-from-outside';

/** The events of a deployment in the order of their times; of the same time, in the order of the ledger. */
export function auditEventsOf(ledger: Ledger, listed: ListedDeployment): AuditEvent[] {
  const { deployment, service, refusedBefore } = ledger;
  const { workflowId, runId, inVirtualTime } = listed;
  const about = { deployment, service, workflowId, runId, ...(inVirtualTime ? { inVirtualTime } : {}) };
  const cut: MaybeTimed[] =
    listed.outcome === 'ended-from-outside' ? [{ at: listed.endedAt, kind: 'ended-from-outside' }] : [];
  const timed = [...timedEvents(ledger), ...cut]
    .filter((event): event is Timed => event.at !== undefined)
    .sort((one, other) => one.at - other.at)
    .map(({ at, kind, ...details }) => ({ at: timeText(at), kind, ...about, ...details }));
  if (!refusedBefore) return timed;
  const text = `${refusedBefore} decisions that were refused, which the ledger no longer lists`;
  return [...timed, { at: null, kind: 'not-known', ...about, text }];
}

/** What is missing in the log, or not known of a deployment in it. */
export const notKnown = (text: string): AuditEvent => ({ at: null, kind: 'not-known', text });

export const timeText = (at: number): string => new Date(at).toISOString();

type Timed = { at: number; kind: AuditKind } & Record<string, unknown>;
type MaybeTimed = Omit<Timed, 'at'> & { at: number | undefined };

function timedEvents(ledger: Ledger): MaybeTimed[] {
  const { title, startedBy: who, startedAt, digest, release, commit, after, envelope } = ledger;
  const started = { title, who, plan: digest, ...release, commit, after, envelope };
  return [
    { at: startedAt, kind: 'deployment-started', ...started },
    ...ledger.steps.flatMap(ofStep),
    ...ledger.decisions.map(({ kind: decision, ...said }) => ({ ...said, kind: 'decision' as const, decision })),
    ...ledger.approvals.map((approval) => ({ kind: 'sign-off' as const, ...approval })),
    ...ledger.monitors.flatMap(({ id: watch, title, startedAt, endedAt, verdict, samples }) => [
      { at: startedAt, kind: 'watch-began' as const, watch, title },
      { at: endedAt, kind: 'watch-ended' as const, watch, title, verdict: verdict ?? null, samples },
    ]),
    ...[...ledger.earlierRollbacks, ...(ledger.rollback ? [ledger.rollback] : [])].flatMap(ofRollback),
    { at: ledger.endedAt, kind: 'deployment-ended', outcome: ledger.outcome ?? null, reason: ledger.reason },
  ];
}

function ofStep(record: StepRecord): MaybeTimed[] {
  const { id: step, title, phase, generation, state, startedAt, endedAt, summary, reason, skippedBy } = record;
  const about = { step, title, phase, generation };
  const evidence = record.evidence.map(({ path, sha256 }) => ({ path, sha256 }));
  return [
    { at: startedAt, kind: 'step-began', ...about },
    { at: endedAt, kind: 'step-ended', ...about, state, summary, reason, skippedBy, evidence },
  ];
}

function ofRollback(rollback: RollbackRecord): MaybeTimed[] {
  const { option, trigger, reasons, startedAt, endedAt, succeeded, reason, steps } = rollback;
  return [
    { at: startedAt, kind: 'rollback-began', option, trigger, reasons },
    ...steps.flatMap(ofStep),
    { at: endedAt, kind: 'rollback-ended', option, succeeded: succeeded ?? null, reason },
  ];
}
