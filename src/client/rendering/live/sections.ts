/** Parts of a view in as many rows as a terminal has: what matters most stays. Pure. */
import { type Line, type TerminalStyle, wrappedText } from './lines.js';

export interface Section {
  lines: readonly Line[];
  /** The lowest gives its lines up first, from its end. */
  rank: number;
  /** As many of its lines stay for as long as another has any to give. */
  least: number;
}

/** @param rest where the lines are that did not fit */
export function inRows(sections: readonly Section[], style: TerminalStyle, rest: string): Line[] {
  const { rows } = style;
  const filled = sections.filter(({ lines }) => lines.length > 0);
  const total = filled.reduce((sum, { lines }) => sum + lines.length, 0);
  if (total <= rows) return spaced(filled, rows - total);
  const kept = filled.map(({ lines }) => lines.length);
  let over = total + 1 - rows;
  const byRank = filled.map((_, index) => index).sort((a, b) => (filled[a]?.rank ?? 0) - (filled[b]?.rank ?? 0));
  for (const isLast of [false, true]) {
    for (const index of byRank) {
      const floor = isLast ? 0 : Math.min(filled[index]?.least ?? 0, kept[index] ?? 0);
      const given = Math.min(over, Math.max((kept[index] ?? 0) - floor, 0));
      kept[index] = (kept[index] ?? 0) - given;
      over -= given;
    }
  }
  const shown = filled.flatMap(({ lines }, index) => lines.slice(0, kept[index]));
  const hidden = total - shown.length;
  const told = wrappedText({ text: `… ${hidden} more lines: ${rest}`, paint: 'yellow' }, style, { most: 1 });
  return [...shown, ...told].slice(0, rows);
}

/** Blank lines between the parts where there is room for all of them. */
function spaced(sections: readonly Section[], room: number): Line[] {
  const isRoomy = room >= sections.length - 1;
  return sections.flatMap(({ lines }, index) => (index > 0 && isRoomy ? [[], ...lines] : lines));
}
