/** A filled-in checklist is the team's own document: what is no box of it stays as it is, to the byte. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ITEM_STATES } from '../../../src/domain/items.js';
import { boxesIn } from '../../../src/plan/checklist/boxes.js';
import { renderChecklist } from '../../../src/report/checklist/checklist.js';
import type { ReportDocument } from '../../../src/report/content/document.js';
import { anyChecklist } from '../../plan/any-checklist.js';
import { plan, reportWith } from '../reports.js';

const report = reportWith();
const said = 'all is well\n- [x] not a box\n```\n<!--';

/** One item for each box, in every state by turns. */
const itemsOf = (text: string): ReportDocument['items'] =>
  boxesIn(text).map(({ title }, index) => {
    const state = ITEM_STATES[index % ITEM_STATES.length] ?? 'unknown';
    return { id: `1.${index}`, title, state, text: said, people: [], evidence: [] };
  });

const fill = (text: string): string =>
  renderChecklist({ ...report, items: itemsOf(text) }, { ...plan, document: text });

const isTicked = (index: number): boolean =>
  ['passed', 'attested'].includes(ITEM_STATES[index % ITEM_STATES.length] ?? '');

/** The document with other marks in its boxes, and nothing else. */
function ticked(text: string): string {
  const characters = text.split('');
  boxesIn(text).forEach(({ mark, ticked: was }, index) => {
    if (isTicked(index) !== was) characters[mark] = isTicked(index) ? 'x' : ' ';
  });
  return characters.join('');
}

const linesOf = (text: string): string[] => text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];

/** What is left when lines that begin so are taken out, with the notes and the seal at the end. */
function withoutAdded(filled: string): string {
  const own = /^[> ]*(?:- \*\*(?:passou|FALHOU|desconhecido|atestado|pulado|não se aplica)\*\*|<!-- -->\r?\n$)/;
  const lines = linesOf(filled).filter((line) => !own.test(line));
  const notes = lines.findLastIndex((line) => line.startsWith('Resultado: '));
  return lines.slice(0, notes).join('');
}

/** The notes begin behind an empty line and a fence. */
const FENCE = /(?:\r\n|\n)```(?:\r\n|\n)$/;

test('whatever the document, only its boxes change, and what is added stands beside them', () => {
  fc.assert(
    fc.property(anyChecklist, (text) => {
      const filled = fill(text);
      const kept = withoutAdded(filled).replace(FENCE, '');
      const whole = ticked(text);
      expect([whole, whole + (text.includes('\r\n') ? '\r\n' : '\n')]).toContain(kept);

      // Read again it has the same boxes, ticked as their items are: nothing added is one, or hides one.
      const expected = boxesIn(text).map(({ title }, index) => ({ title, ticked: isTicked(index) }));
      expect(boxesIn(filled).map((box) => ({ title: box.title, ticked: box.ticked }))).toEqual(expected);
    }),
    { numRuns: 200, seed: 20261126 },
  );
}, 240_000);

test.each([
  ['no line end at its end', '- [ ] a', '- [ ] a\n  - **passou**: '],
  ['line ends of Windows', '- [ ] a\r\n\r\nb  \r\n', '- [ ] a\r\n  - **passou**: '],
  ['a byte order mark', '\ufeff- [ ] a\n', '\ufeff- [ ] a\n  - **passou**: '],
  ['tabs', '-\t[ ] a\t\n\tb\t', '-\t[ ] a\t\n\tb\t\n \t- **passou**: '],
  ['a quote', '> 1. [ ] a\n> 2. b', '> 1. [ ] a\n>    - **passou**: '],
  ['a quote without spaces', '>1. [ ] a', '>1. [ ] a\n>    - **passou**: '],
  ['a list that is indented deeper', '* [ ] a\n    + b', '* [ ] a\n  - **passou**: '],
])('%s: as it was', (_, text, start) => {
  expect(fill(text).replace('[x]', '[ ]').startsWith(start)).toBe(true);
});

test('what follows deeper in an item stays in it, and is not taken into what was added', () => {
  expect(linesOf(fill('* [ ] a\n    + b'))).toEqual(expect.arrayContaining(['  <!-- -->\n', '    + b\n']));
  const code = '- [ ] a\n\n      - [ ] code\n';
  expect(boxesIn(fill(code))).toHaveLength(1);
});

test('a placeholder is filled in where people write, not in code, comments or tables', () => {
  const filled = fill(
    '> Nome: ___\n\n```\nNome: ___\n```\n\n    Nome: ___\n\n<!--\nNome: ___\n-->\n\n| Nome: ___ |\n|---|\n\na `b\nNome: ___\nc`',
  );
  expect(filled.match(/Nome: ___/g)).toHaveLength(5);
  expect(filled).toContain('> Nome: Ana Souza (ana.souza)\n');
});

test.each([
  ['an empty one', 'Notas\n-----\n\n```\n```\n', 'Notas\n-----\n\n```\nResultado: '],
  ['a placeholder', '**Notas**:\n~~~\n[aqui]\n~~~\n', '**Notas**:\n~~~\nResultado: '],
  ['what people wrote', '## Notas\n```\nAna: sem alertas\n```\n', '## Notas\n```\nAna: sem alertas\nResultado: '],
  ['code below other words', 'Notas:\n\nb\n```\nc\n```\n', 'Notas:\n\nb\n```\nc\n```\n\n```\nResultado: '],
  ['a heading within code', '```\n# Notas\n```\n', '```\n# Notas\n```\n\n```\nResultado: '],
  ['a fence that is never closed', 'a\n~~~~ sh\nb', 'a\n~~~~ sh\nb\n~~~~\n\n```\nResultado: '],
  ['a comment that is never closed', '<!-- a\n\n- [ ] b\n', '<!-- a\n\n- [ ] b\n-->\n\n```\nResultado: '],
])('notes go where there is a place for them: %s', (_, text, start) => {
  expect(fill(text)).toContain(start);
});
