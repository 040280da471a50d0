/** The team's own checklist as Markdown: where its boxes are. */

export interface Box {
  /** Counts from 1. */
  line: number;
  /** What stands behind `- [ ]`. */
  title: string;
}

const BOX = /^(\s*[-*+] \[)([ xX])(\]\s+)(\S.*?)\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/** Every box of a document, in its order; what looks like one within a block of code is none. */
export function boxesIn(document: string): Box[] {
  const boxes: Box[] = [];
  let fence: string | undefined;
  for (const [index, line] of document.split('\n').entries()) {
    const mark = FENCE.exec(line)?.[1];
    if (mark !== undefined && fence === undefined) fence = mark;
    else if (mark !== undefined && fence !== undefined && mark.startsWith(fence)) fence = undefined;
    const title = fence === undefined ? BOX.exec(line)?.[4] : undefined;
    if (title !== undefined) boxes.push({ line: index + 1, title });
  }
  return boxes;
}

/** The line of a box, ticked or not, otherwise as it was. */
export const tick = (line: string, ticked: boolean): string =>
  line.replace(
    BOX,
    (_, before: string, __, after: string, title: string) => `${before}${ticked ? 'x' : ' '}${after}${title}`,
  );
