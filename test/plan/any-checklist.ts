/** Checklists as nobody has written them yet: every block of GitHub-flavoured Markdown within and beside every other. */
import fc from 'fast-check';

type Lines = string[];

const words = fc.constantFrom(
  'Tell support',
  'Ler o SQL gerado',
  '`make check` is green',
  'a **bold** claim',
  'see [the page](https://example.com/a)',
  'Ação nº 3 – às 10 h ✅',
  'a | b',
  '<b>now</b>',
  '5 > 3 & *so on*',
  '"quoted" \\[ ] escaped',
);

const task = fc
  .tuple(fc.constantFrom('[ ]', '[x]', '[X]'), fc.constantFrom(' ', '  ', '\t'), words)
  .map(([brackets, space, text]) => `${brackets}${space}${text}`);
/** What looks like a box and is none, at least not by itself. */
const almost = fc.constantFrom('- [ ] not me', '* [x] not me', '1. [ ] not me', '[ ] not me', '- [] not me');

const paragraph: fc.Arbitrary<Lines> = fc
  .tuple(words, fc.option(words, { nil: undefined }), fc.constantFrom('', '  '))
  .map(([one, other, end]) => (other === undefined ? [one + end] : [one, other + end]));

const heading: fc.Arbitrary<Lines> = fc.oneof(
  fc.tuple(fc.constantFrom('#', '##', '###'), words).map(([mark, text]) => [`${mark} ${text}`]),
  fc.tuple(words, fc.constantFrom('===', '---')).map(([text, line]) => [text, line]),
);

const fence: fc.Arbitrary<Lines> = fc
  .tuple(
    fc.constantFrom('```', '````', '~~~'),
    fc.constantFrom('', 'sh', ' sql title'),
    fc.array(fc.oneof(almost, words, fc.constant('')), { maxLength: 3 }),
  )
  .map(([mark, info, body]) => [mark + info, ...body, mark]);

/** A closing fence carries no text, and is as long as the opening one. */
const fenceWithFences: fc.Arbitrary<Lines> = almost.map((text) => ['````', '```', text, '```` sh', text, '`````']);

/** At the margin: marked takes one in a list for a fence. */
const codeSpan: fc.Arbitrary<Lines> = fc.constantFrom(
  ['```make release``` shows what comes'],
  ['``` [ ] ``` is how a box is written'],
);

const indented: fc.Arbitrary<Lines> = almost.map((text) => ['', `    ${text}`, '']);

const comment: fc.Arbitrary<Lines> = fc.oneof(
  almost.map((text) => [`<!-- ${text} -->`]),
  fc.tuple(almost, almost).map(([one, other]) => ['<!--', one, '', other, '-->']),
);

const html: fc.Arbitrary<Lines> = almost.map((text) => ['<details>', text, '</details>', '']);

const table: fc.Arbitrary<Lines> = fc
  .tuple(words, almost)
  .map(([one, other]) => ['', '| step | done |', '|------|:----:|', `| ${one.replace('|', '/')} | ${other} |`, '']);

const { blocks } = fc.letrec<{ blocks: Lines; block: Lines; list: Lines; quote: Lines }>((tie) => ({
  blocks: fc
    .array(fc.tuple(tie('block'), fc.boolean()), { minLength: 1, maxLength: 4 })
    .map((found) => found.flatMap(([lines, isApart]) => (isApart ? [...lines, ''] : lines))),
  block: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    paragraph,
    heading,
    fence,
    fenceWithFences,
    indented,
    comment,
    html,
    table,
    { arbitrary: tie('list'), weight: 12 },
    { arbitrary: tie('quote'), weight: 3 },
  ),
  list: fc
    .record({
      mark: fc.constantFrom('-', '*', '+', '1.', '1)'),
      space: fc.constantFrom(' ', ' ', '  ', '   '),
      first: fc.constantFrom('', '', ' ', '  '),
      items: fc.array(
        fc.tuple(
          fc.oneof({ arbitrary: task, weight: 4 }, words, almost),
          fc.option(tie('blocks'), { nil: [], freq: 2 }),
          fc.constantFrom(0, 0, 0, 1),
        ),
        { minLength: 1, maxLength: 3 },
      ),
    })
    .map(({ mark, space, first, items }) =>
      items.flatMap(([text, children, deeper], index) => {
        const width = first.length + mark.length + space.length;
        const indent = ' '.repeat(width + deeper);
        return [
          `${first}${mark.replace('1', String(index + 1))}${space}${text}`,
          ...children.map((line) => (line === '' ? '' : indent + line)),
        ];
      }),
    ),
  quote: fc
    .tuple(tie('blocks'), fc.constantFrom('> ', '>  ', '>'))
    .map(([lines, mark]) => ['', ...lines.map((line) => (mark + line).trimEnd()), '']),
}));

/** Lines in any of the ends that files have, with or without one at the end and a byte order mark at the start. */
export const anyChecklist: fc.Arbitrary<string> = fc
  .tuple(
    blocks,
    fc.oneof(codeSpan, fc.constant([])),
    blocks,
    fc.constantFrom('\n', '\n', '\n', '\r\n'),
    fc.boolean(),
    fc.constantFrom('', '', '', '\ufeff'),
  )
  .map(
    ([one, span, other, end, isEnded, mark]) => mark + [...one, '', ...span, ...other].join(end) + (isEnded ? end : ''),
  );
