/** The report as data: what every format is made from, and what a report is checked against. See docs/report.md. */
import { type ReleaseValue, releaseValues } from '../../contract/plan/release-values.js';
import type { EvidenceReference } from '../../domain/evidence.js';
import { countItems, type ItemCounts, type ItemStatus, itemStatuses } from '../../domain/items.js';
import type { Ledger, RollbackRecord, StepRecord, WatchRecord } from '../../domain/ledger/ledger.js';
import { digestOf } from '../../plan/core/digest.js';
import type { Gathered, LedgerSource } from '../history/gather.js';

/** A record that names its evidence by path; the whole references are in {@link ReportContent.evidence}. */
type Referring<T> = Omit<T, 'evidence'> & { evidence: string[] };

/** What the history says, and nothing else: the same deployment gives the same content, whoever asks. */
export interface ReportContent {
  /** Of this shape. */
  version: 1;
  deployment: string;
  workflowId: string;
  runId: string;
  /** sha256 of the resolved plan's canonical JSON. */
  digest: string;
  service: string;
  title: string;
  /** `running`, `completed`, `terminated`, …: how the workflow stands. */
  status: string;
  phase: string;
  outcome: string | null;
  reason: string | null;
  startedBy: string;
  /** Times are epoch milliseconds. */
  startedAt: number;
  endedAt: number | null;
  release: Partial<Record<ReleaseValue, string>> & { commit: string | null };
  counts: ItemCounts;
  items: Referring<Omit<ItemStatus, 'by'>>[];
  steps: Referring<StepRecord>[];
  proposal: Ledger['proposal'] | null;
  approvals: Ledger['approvals'];
  decisions: Ledger['decisions'];
  questions: Ledger['questions'];
  monitors: WatchRecord[];
  rollbacks: (Omit<RollbackRecord, 'steps'> & { steps: Referring<StepRecord>[] })[];
  /** What could not be announced. */
  untold: string[];
  /** What could not be kept: of the evidence, and of the archive. Missing where all was, and in reports of earlier releases. */
  unkept?: string[];
  evidence: EvidenceReference[];
}

/** How and when the report was made. */
export interface Making {
  /** Of Surefoot. */
  generator: string;
  madeAt: number;
  source: {
    ledger: LedgerSource;
    why?: string;
    /** How many events the history had. */
    events: number;
    /** When the archive was made that it is from, as Temporal no longer had the deployment. */
    archivedAt?: number;
    /** Whether plots could be made from the evidence store, and why not. */
    evidence: { read: boolean; why?: string };
    /** The evidence folder as links of the report name it. */
    links: string;
  };
}

export type ReportDocument = ReportContent &
  Making & { /** Of the content's canonical JSON, in hexadecimal. */ sha256: string };

const MAKING: readonly string[] = ['generator', 'madeAt', 'source', 'sha256'] satisfies (keyof ReportDocument)[];

export function contentOf({ ledger, input, workflowId, runId, status }: Gathered): ReportContent {
  const statuses = itemStatuses(input.plan.items ?? [], ledger.steps);
  const rollbacks = [...ledger.earlierRollbacks, ...(ledger.rollback ? [ledger.rollback] : [])];
  const all = [...ledger.steps, ...rollbacks.flatMap(({ steps }) => steps)].flatMap(({ evidence }) => evidence);
  const evidence = new Map(all.map((reference) => [reference.path, reference]));
  const content: ReportContent = {
    version: 1,
    deployment: ledger.deployment,
    workflowId,
    runId,
    digest: ledger.digest,
    service: ledger.service,
    title: ledger.title,
    status: status.toLowerCase(),
    phase: ledger.phase,
    outcome: ledger.outcome ?? null,
    reason: ledger.reason ?? ledger.ending ?? null,
    startedBy: ledger.startedBy,
    startedAt: ledger.startedAt,
    endedAt: ledger.endedAt ?? null,
    release: { ...releaseValues(input.plan), commit: ledger.commit ?? null },
    counts: countItems(statuses),
    items: statuses.map(({ by: _, ...status }) => referring(status)),
    steps: ledger.steps.map(referring),
    proposal: ledger.proposal ?? null,
    approvals: ledger.approvals,
    decisions: ledger.decisions,
    questions: ledger.questions,
    monitors: ledger.monitors,
    rollbacks: rollbacks.map(({ steps, ...rollback }) => ({ ...rollback, steps: steps.map(referring) })),
    untold: ledger.untold,
    unkept: ledger.unkept,
    evidence: [...evidence.values()],
  };
  // As it comes back from JSON: keys without a value are left out.
  return JSON.parse(JSON.stringify(content)) as ReportContent;
}

const referring = <T extends { evidence: EvidenceReference[] }>({ evidence, ...rest }: T): Referring<T> =>
  ({ ...rest, evidence: evidence.map(({ path }) => path) }) as Referring<T>;

export const documentOf = (content: ReportContent, making: Making): ReportDocument => ({
  ...content,
  ...making,
  sha256: hashOfContent(content),
});

/** The hash of what a report says; when and from where it was made does not count. */
export const hashOfContent = (content: ReportContent): string => digestOf(withoutMaking(content));

/** What a report says, without how it was made. */
export const withoutMaking = (document: ReportContent): ReportContent =>
  Object.fromEntries(Object.entries(document).filter(([key]) => !MAKING.includes(key))) as unknown as ReportContent;
