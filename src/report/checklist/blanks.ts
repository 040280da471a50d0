/** The blanks of a checklist that are no boxes: its head, contacts and sign-off. Only prose has any. */
import type { Paragraph, Root } from 'mdast';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { addressOf, type Contact } from '../../domain/notifications/notifications.js';
import { endOfLine, nodesIn, type Place } from '../../plan/core/markdown.js';
import { CHANNEL_KINDS } from '../../plan/notifications/channel-kinds.js';
import type { ReportDocument } from '../content/document.js';
import type { ReportClock } from '../content/times.js';
import type { Words } from '../content/words.js';
import type { Edit } from './edits.js';
import { code, inline } from './markdown.js';

export const SHORT_HASH = 12;

export interface ChecklistContext {
  report: ReportDocument;
  plan: ResolvedPlan;
  words: Words;
  clock: ReportClock;
}

/** What a document's blank lines are filled in with, as far as it is known. */
export function fillBlanks({ text, root }: { text: string; root: Root }, context: ChecklistContext): Edit[] {
  return proseIn(text, root).flatMap(({ start, end, isListed }) => {
    const line = text.slice(start, end);
    const contact = isListed ? contactLine(line, context) : undefined;
    const filled = headLine(line, context) ?? contact ?? signatureLine(line, context);
    return filled === undefined ? [] : [{ at: start, remove: end - start, insert: filled }];
  });
}

interface Line extends Place {
  /** Begins an item of a list. */
  isListed: boolean;
}

/** The lines of all paragraphs but those of boxes, without what marks lists and quotes, nor the spaces at their ends. */
function proseIn(text: string, root: Root): Line[] {
  return [...nodesIn(root)].flatMap(({ node, within, start, end }) => {
    const item = within.at(-1);
    const isBox = item?.type === 'listItem' && item.checked !== null;
    if (node.type !== 'paragraph' || isBox) return [];
    const hidden = spansIn(node);
    return linesOf(text, { start, end })
      .filter((line) => !hidden.some((span) => span.start < line.end && line.start < span.end))
      .map((line) => ({ ...line, isListed: item?.type === 'listItem' && line.start === start }));
  });
}

/** Code and HTML that go over several lines: what stands there is no prose. */
const spansIn = (paragraph: Paragraph): Place[] =>
  [...nodesIn(paragraph)].filter(
    ({ node: { type, position } }) =>
      (type === 'inlineCode' || type === 'html') && position?.start.line !== position?.end.line,
  );

function linesOf(text: string, { start, end }: Place): Place[] {
  const lines: Place[] = [];
  for (let from = start; from < end; ) {
    const to = Math.min(endOfLine(text, from), end);
    lines.push({ start: from, end: from + text.slice(from, to).trimEnd().length });
    const skipped = /^(?:\r\n|\r|\n)[ \t>]*/.exec(text.slice(to))?.[0].length ?? 0;
    from = to + skipped;
  }
  return lines;
}

function headLine(line: string, { report }: ChecklistContext): string | undefined {
  const [, label, name = ''] = /^(\*\*(Branch|Commit)\*\*:\s*)`[^`]*`$/i.exec(line) ?? [];
  if (label === undefined) return undefined;
  const { branch, commit } = report.release;
  const value = name.toLowerCase() === 'branch' ? branch : commit?.slice(0, SHORT_HASH);
  return value ? `${label}${code(value)}` : undefined;
}

/** `Tech Lead: [nome] - [telefone] - [PagerDuty]`: what the plan knows of this contact goes in. */
function contactLine(line: string, { plan, words }: ChecklistContext): string | undefined {
  const [, title = '', rest = ''] = /^(.+?)(:\s+\[.*)$/s.exec(line) ?? [];
  const contact = plan.notifications?.contacts.find((one) => one.title.toLowerCase() === title.trim().toLowerCase());
  if (!contact) return undefined;
  const names = namesOf(contact, plan);
  const ways = waysTo(contact);
  // Behind the last bracket that closes, each that opens would be looked at to the end.
  const end = rest.lastIndexOf(']') + 1;
  const filled = rest.slice(0, end).replace(/\[([^\]]+)\]/g, (placeholder, label: string) => {
    const wanted = label.toLowerCase();
    if (words.contact.name.includes(wanted) && names) return inline(names);
    const way = ways.find(({ title, inChecklist }) => inChecklist === 'blank' && title.toLowerCase() === wanted);
    return way ? inline(way.text) : placeholder;
  });
  const more = ways.filter(({ inChecklist }) => inChecklist === 'end').map(({ text }) => ` - ${inline(text)}`);
  return `${title}${filled}${rest.slice(end)}${more.join('')}`;
}

/** How a contact is reached, by every kind of channel that reaches people. */
const waysTo = (contact: Contact) =>
  Object.entries(CHANNEL_KINDS).flatMap(([kind, { contact: way }]) => {
    const address = addressOf(contact, kind);
    return way && address ? [{ ...way, text: `${way.title} ${address}` }] : [];
  });

const namesOf = ({ id, roles }: Contact, plan: ResolvedPlan): string =>
  plan.approvals.roster
    .filter((person) => person.id === id || roles.some((role) => person.roles.includes(role)))
    .map(({ name }) => name)
    .join(', ');

/** `Nome: ______`: who carried it out and when it ended, and who signed it off in which role. */
function signatureLine(line: string, { report, plan, words, clock }: ChecklistContext): string | undefined {
  const [, start, label = ''] = /^(([^:_]+):\s*)_{3,}$/.exec(line) ?? [];
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
