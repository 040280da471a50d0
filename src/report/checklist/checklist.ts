/** The team's own document, filled in: its boxes ticked or not, each with what was seen, when, by whom, and the proof. */
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { type Box, boxesIn } from '../../plan/checklist/boxes.js';
import { lineEndAt, parseMarkdown } from '../../plan/core/markdown.js';
import type { ReportDocument } from '../content/document.js';
import { clockOf } from '../content/times.js';
import { type Words, wordsOf } from '../content/words.js';
import { type ChecklistContext, fillBlanks, SHORT_HASH } from './blanks.js';
import { type Edit, edited } from './edits.js';
import { code, inline, oneLine } from './markdown.js';
import { addNotes } from './notes-block.js';

type Item = ReportDocument['items'][number];

/** A box is ticked for these and for nothing else. */
const TICKED: readonly Item['state'][] = ['passed', 'attested'];

/** The same document for the same report, wherever it is made. */
export function renderChecklist(report: ReportDocument, plan: ResolvedPlan): string {
  const context = { report, plan, words: wordsOf(plan.language), clock: clockOf(plan) };
  const text = plan.document ?? plainDocument(report, context.words);
  const lineEnd = lineEndAt(text, text.length);
  const document = { text, root: parseMarkdown(text) };
  const filled = edited(text, [
    ...fillBoxes(text, context),
    ...fillBlanks(document, context),
    addNotes(document, context),
  ]);
  return `${filled}${/[\r\n]$/.test(filled) ? '' : lineEnd}${lineEnd}${seal(report)}${lineEnd}`;
}

/** Items are boxes in their order; a box that is no item stays as it is. */
function fillBoxes(text: string, context: ChecklistContext): Edit[] {
  const items = context.report.items.values();
  let item = items.next().value;
  return boxesIn(text).flatMap((box) => {
    if (item?.title.trim() !== box.title) return [];
    const filled = fillBox(box, item, { context, lineEnd: lineEndAt(text, box.end) });
    item = items.next().value;
    return filled;
  });
}

function fillBox(box: Box, item: Item, { context, lineEnd }: { context: ChecklistContext; lineEnd: string }): Edit[] {
  const isTicked = TICKED.includes(item.state);
  const tick = isTicked === box.ticked ? [] : [{ at: box.mark, remove: 1, insert: isTicked ? 'x' : ' ' }];
  // A comment ends our list, lest it take in what follows.
  const lines = [...itemLines(item, context).map((line) => `- ${line}`), ...(box.isFollowedDeeper ? ['<!-- -->'] : [])];
  return [...tick, { at: box.end, insert: lines.map((line) => `${lineEnd}${box.indent}${line}`).join('') }];
}

/** What was seen, when, by whom; and the proof. */
function itemLines(item: Item, { report, words, clock }: ChecklistContext): string[] {
  const when = item.at === undefined ? '' : ` ${clock.stamp(item.at)}`;
  const people = item.people.map(({ who, role, why }) => `${who} ${words.as} ${role}${why ? ` (${why})` : ''}`);
  const by = people.length > 0 ? `, ${words.by} ${inline([...new Set(people)].join('; '))}` : '';
  const said = `**${words.states[item.state]}**${when}${by}: ${inline(item.text)}`;
  const proofs = item.evidence.map((path) => {
    const sha256 = report.evidence.find((reference) => reference.path === path)?.sha256 ?? '';
    return `${code(path)} ${code(sha256.slice(0, SHORT_HASH))}`;
  });
  return [said, ...(proofs.length > 0 ? [`${words.seen}: ${proofs.join(', ')}`] : [])];
}

/** For a plan that names no document: its items, section by section. */
function plainDocument({ title, items }: ReportDocument, { labels }: Words): string {
  const sections = [...new Set(items.map(({ id }) => sectionOf(id)))];
  const bodies = sections.map((section) =>
    [
      `## ${section}`,
      '',
      ...items.filter(({ id }) => sectionOf(id) === section).map((item) => `- [ ] ${item.title}`),
    ].join('\n'),
  );
  const [notes = ''] = labels.notes;
  const foot = `**${notes.charAt(0).toUpperCase()}${notes.slice(1)}**:\n\`\`\`\n\`\`\``;
  return [`# ${oneLine(title)}`, ...bodies, foot].join('\n\n');
}

const sectionOf = (id: string): string => id.split('.').slice(0, -1).join('.');

/** What a reader does not see: of which run this is, and the hash of what the report says. */
export interface Seal
  extends Pick<
    ReportDocument,
    'deployment' | 'workflowId' | 'runId' | 'status' | 'sha256' | 'madeAt' | 'generator' | 'source'
  > {
  version: 1;
}

const SEAL = /^<!-- surefoot:report (\{.*\}) -->$/m;

function seal({
  version,
  deployment,
  workflowId,
  runId,
  status,
  sha256,
  madeAt,
  generator,
  source,
}: ReportDocument): string {
  const sealed: Seal = { version, deployment, workflowId, runId, status, sha256, madeAt, generator, source };
  // `--` would end the comment.
  const text = JSON.stringify(sealed).replaceAll('--', '-\\u002d').replaceAll('>', '\\u003e');
  return `<!-- surefoot:report ${text} -->`;
}

/** @returns nothing when the text has no seal that can be read */
export function readSeal(text: string): Seal | undefined {
  try {
    return JSON.parse(SEAL.exec(text)?.[1] ?? '') as Seal;
  } catch {
    return undefined;
  }
}
