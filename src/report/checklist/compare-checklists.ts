/** A filled-in checklist against the one that the history gives: box by box, then everything around them. */
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { boxesIn } from '../../plan/checklist/boxes.js';
import { isTooDeep, LINE_END } from '../../plan/core/markdown.js';
import type { ReportDifference } from '../content/compare.js';
import type { ReportDocument } from '../content/document.js';
import { wordsOf } from '../content/words.js';
import { renderChecklist } from './checklist.js';

interface Parts {
  /** Each box with what stands below it. */
  boxes: { title: string; line: number; ticked: boolean; text: string }[];
  /** All other lines. */
  rest: { line: number; text: string }[];
}

const TOLD = 10;

/**
 * @param how `goneOn`: a box that was unknown then may be ticked by now; `isLenient`: only boxes are compared, and not
 * in every word
 */
export function compareChecklists(
  file: string,
  made: ReportDocument,
  how: { plan: ResolvedPlan; isLenient: boolean; goneOn: boolean },
): ReportDifference[] {
  const { plan } = how;
  if (isTooDeep(file)) return [{ kind: 'text', where: 'boxes', text: 'nested too deeply in the file to be read' }];
  const [then, now] = [divide(file), divide(renderChecklist(made, plan))];
  if (then.boxes.length !== now.boxes.length) {
    const text = `${then.boxes.length} boxes in the file, ${now.boxes.length} by the history`;
    return [{ kind: 'text', where: 'boxes', text }];
  }
  const unknown = `**${wordsOf(plan.language).states.unknown}**`;
  const boxes = now.boxes.flatMap((box, index): ReportDifference[] => {
    const written = then.boxes[index] as Parts['boxes'][number];
    if (written.text === box.text) return [];
    const item = made.items[index];
    const where = `box ${item?.id ?? index + 1} (line ${written.line})`;
    const told = (text: string): ReportDifference[] => [{ kind: 'text', where, text }];
    if (written.title !== box.title)
      return told(`is “${written.title}” in the file, “${box.title}” in the plan's document`);
    if (how.goneOn && !written.ticked && written.text.includes(unknown)) return [];
    if (written.ticked !== box.ticked) {
      const words = (ticked: boolean) => (ticked ? 'ticked' : 'not ticked');
      return told(
        `is ${words(written.ticked)} in the file, and ${words(box.ticked)} by the history (${item?.state}: ${item?.text})`,
      );
    }
    return how.isLenient ? [] : told(`“${written.text}” in the file, “${box.text}” by the history`);
  });
  return [...boxes, ...(how.isLenient ? [] : compareRest(then.rest, now.rest))];
}

/** Boxes with what stands below them in their list items, and the rest. */
function divide(text: string): Parts {
  const lines = text.trimEnd().split(LINE_END);
  const boxes = boxesIn(text);
  const taken = new Set<number>();
  const found = boxes.map(({ line, lastLine, title, ticked }, index) => {
    const end = Math.min(lastLine, (boxes[index + 1]?.line ?? Number.POSITIVE_INFINITY) - 1);
    for (let each = line; each <= end; each += 1) taken.add(each);
    return {
      title,
      line,
      ticked,
      text: lines
        .slice(line - 1, end)
        .join('\n')
        .trimEnd(),
    };
  });
  const rest = lines.map((each, index) => ({ line: index + 1, text: each })).filter(({ line }) => !taken.has(line));
  return { boxes: found, rest };
}

function compareRest(then: Parts['rest'], now: Parts['rest']): ReportDifference[] {
  const found: ReportDifference[] = [];
  for (let index = 0; index < Math.max(then.length, now.length) && found.length < TOLD; index += 1) {
    const [written, made] = [then[index], now[index]];
    if (written?.text === made?.text) continue;
    const where = `line ${(written ?? made)?.line}`;
    const part = (text: string | undefined) => (text === undefined ? 'nothing' : `“${text.slice(0, 200)}”`);
    found.push({ kind: 'text', where, text: `${part(written?.text)} in the file, ${part(made?.text)} by the history` });
  }
  return found;
}
