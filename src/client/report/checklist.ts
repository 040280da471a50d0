/** The team's own document, filled in: its boxes ticked or not, each with what was seen, when, by whom, and the proof. */
import type { ResolvedPlan } from '../../contract/plan.js';
import { boxesIn, tick } from '../../domain/document.js';
import type { Contact } from '../../domain/notifications.js';
import type { ReportDocument } from './document.js';
import { code, fenced, inline, oneLine } from './markdown.js';
import { notesOf } from './notes.js';
import { type Clock, clockOf } from './times.js';
import { type Words, wordsOf } from './words.js';

type Item = ReportDocument['items'][number];

const SHORT_HASH = 12;
/** A box is ticked for these and for nothing else. */
const TICKED: readonly Item['state'][] = ['passed', 'attested'];

/** The same document for the same report, wherever it is made. */
export function renderChecklist(report: ReportDocument, plan: ResolvedPlan): string {
  const scene = { report, plan, words: wordsOf(plan.language), clock: clockOf(plan) };
  const text = plan.document ?? plainDocument(report, scene.words);
  const boxes = boxesIn(text);
  const items = new Map(boxes.map(({ line, title }, index) => [line, { item: report.items[index], title }]));
  const lines = text.split('\n').flatMap((line, index) => {
    const { item, title } = items.get(index + 1) ?? {};
    return item && item.title === title ? filledBox(line, item, scene) : [filledLine(line, scene)];
  });
  return `${withNotes(lines, scene).join('\n').trimEnd()}\n\n${seal(report)}\n`;
}

interface Scene {
  report: ReportDocument;
  plan: ResolvedPlan;
  words: Words;
  clock: Clock;
}

function filledBox(line: string, item: Item, { report, words, clock }: Scene): string[] {
  const indent = `${/^\s*/.exec(line)?.[0] ?? ''}  - `;
  const when = item.at === undefined ? '' : ` ${clock.stamp(item.at)}`;
  const people = item.people.map(({ who, role, why }) => `${who} ${words.as} ${role}${why ? ` (${why})` : ''}`);
  const by = people.length > 0 ? `, ${words.by} ${inline([...new Set(people)].join('; '))}` : '';
  const said = `${indent}**${words.states[item.state]}**${when}${by}: ${inline(item.text)}`;
  const proofs = item.evidence.map((path) => {
    const sha256 = report.evidence.find((reference) => reference.path === path)?.sha256 ?? '';
    return `${code(path)} ${code(sha256.slice(0, SHORT_HASH))}`;
  });
  const proof = proofs.length > 0 ? [`${indent}${words.seen}: ${proofs.join(', ')}`] : [];
  const isTicked = TICKED.includes(item.state);
  return [tick(line, isTicked), said, ...proof];
}

/** Lines of the head, of the contacts and of the sign-off; any other line stays as it is. */
function filledLine(line: string, scene: Scene): string {
  return headLine(line, scene) ?? contactLine(line, scene) ?? signatureLine(line, scene) ?? line;
}

function headLine(line: string, { report }: Scene): string | undefined {
  const [, label, name = ''] = /^(\*\*(Branch|Commit)\*\*:\s*)`[^`]*`\s*$/i.exec(line) ?? [];
  if (label === undefined) return undefined;
  const { branch, commit } = report.release;
  const value = name.toLowerCase() === 'branch' ? branch : commit?.slice(0, SHORT_HASH);
  return value ? `${label}${code(value)}` : undefined;
}

/** `- Tech Lead: [nome] - [telefone] - [PagerDuty]`: what the plan knows of this contact goes in. */
function contactLine(line: string, { plan, words }: Scene): string | undefined {
  const [, start, title = '', rest = ''] = /^(\s*[-*]\s+)(.+?)(:\s+\[.*)$/.exec(line) ?? [];
  const contact = plan.notifications?.contacts.find((one) => one.title.toLowerCase() === title.trim().toLowerCase());
  if (start === undefined || !contact) return undefined;
  const names = namesOf(contact, plan);
  const filled = rest.replace(/\[([^\]]+)\]/g, (placeholder, label: string) => {
    const wanted = label.toLowerCase();
    if (words.contact.name.includes(wanted) && names) return inline(names);
    return wanted === 'pagerduty' && contact.pagerduty ? inline(`PagerDuty ${contact.pagerduty}`) : placeholder;
  });
  return `${start}${title}${filled}${contact.slack ? ` - ${inline(`Slack ${contact.slack}`)}` : ''}`;
}

const namesOf = ({ id, roles }: Contact, plan: ResolvedPlan): string =>
  plan.approvals.roster
    .filter((person) => person.id === id || roles.some((role) => person.roles.includes(role)))
    .map(({ name }) => name)
    .join(', ');

/** `Nome: ______`: who carried it out and when it ended, and who signed it off in which role. */
function signatureLine(line: string, { report, plan, words, clock }: Scene): string | undefined {
  const [, start, label = ''] = /^(\s*(?:[-*]\s+)?([^:_]+):\s*)_{3,}\s*$/.exec(line) ?? [];
  if (start === undefined) return undefined;
  const wanted = label.trim().toLowerCase();
  if (words.labels.name.includes(wanted)) return start + inline(nameOf(report.startedBy, plan));
  const open = report.status === 'running' ? words.inProgress : `(${words.ended})`;
  const ended = report.endedAt === null ? open : undefined;
  if (words.labels.date.includes(wanted)) return start + (ended ?? clock.date(report.endedAt as number));
  if (words.labels.time.includes(wanted))
    return start + (ended ?? `${clock.time(report.endedAt as number)} (${clock.zone})`);
  const role = plan.approvals.roles.find(({ title, role: id }) =>
    [title, id].some((one) => one.toLowerCase() === wanted),
  );
  if (!role) return undefined;
  const approval = report.approvals.find((one) => one.role === role.role);
  if (!approval) return start + words.notSigned;
  const { who, at, digest } = approval;
  return `${start}${inline(nameOf(who, plan))}, ${clock.stamp(at)} (${clock.zone}), ${code(digest.slice(0, SHORT_HASH))}`;
}

function nameOf(who: string, plan: ResolvedPlan): string {
  const name = plan.approvals.roster.find(({ id }) => id === who)?.name;
  return name === undefined ? who : `${name} (${who})`;
}

/** The notes go into the block below `**Notas**:`; a document without one gets one at its end. */
function withNotes(lines: string[], scene: Scene): string[] {
  const notes = notesOf(scene).map(fenced);
  const heading = lines.findLastIndex((line) => isNotes(line, scene.words));
  const from = heading < 0 ? -1 : lines.findIndex((line, index) => index > heading && line.startsWith('```'));
  const to = from < 0 ? -1 : lines.findIndex((line, index) => index > from && line.startsWith('```'));
  if (to < 0) return [...lines, '', '```', ...notes, '```'];
  return [...lines.slice(0, from + 1), ...notes, ...lines.slice(to)];
}

function isNotes(line: string, { labels }: Words): boolean {
  const [, label = ''] = /^(?:#+\s+)?\**([^*:]+)\**:?\**\s*$/.exec(line) ?? [];
  return labels.notes.includes(label.trim().toLowerCase());
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
