/** A report in one of its formats. */
import { dirname, relative, resolve, sep } from 'node:path';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { release } from '../local/release.js';
import { renderChecklist } from './checklist/checklist.js';
import { contentOf, documentOf, type Making, type ReportDocument } from './content/document.js';
import { type EvidenceFolder, evidenceFolder } from './content/evidence.js';
import { clockOf } from './content/times.js';
import type { Gathered } from './history/gather.js';
import { renderPage } from './html/page.js';
import { viewOf } from './html/view.js';

export const FORMATS = ['html', 'checklist', 'json'] as const;
export type Format = (typeof FORMATS)[number];

export interface Report {
  text: string;
  document: ReportDocument;
}

/** @param out where it will be: links to the evidence start from there; the current folder when it is only printed */
export async function makeReport(
  gathered: Gathered,
  { format, out }: { format: Format; out?: string },
): Promise<Report> {
  const { plan, deployment } = gathered.input;
  const place = evidenceFolder(gathered.archive?.store ?? plan.evidence, deployment);
  const making = makingOf(gathered, { place, from: out === undefined ? process.cwd() : dirname(resolve(out)) });
  const document = documentOf(contentOf(gathered), making);
  return { document, text: await renderReport(document, { format, plan, place }) };
}

/** The same text for the same document, plan and evidence. */
export async function renderReport(
  report: ReportDocument,
  { format, plan, place }: { format: Format; plan: ResolvedPlan; place: EvidenceFolder },
): Promise<string> {
  if (format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  if (format === 'checklist') return renderChecklist(report, plan);
  return renderPage(report, { plan, view: await viewOf({ report, plan, place, clock: clockOf(plan) }) });
}

function makingOf(
  { source: ledger, events, archive }: Gathered,
  { place, from }: { place: EvidenceFolder; from: string },
): Making {
  const evidence = place.missing === undefined ? { read: true } : { read: false, why: place.missing };
  const links = relative(from, place.folder).split(sep).join('/') || '.';
  return {
    generator: release(),
    madeAt: Date.now(),
    source: { ledger, events, evidence, links, ...(archive ? { archivedAt: archive.at } : {}) },
  };
}
