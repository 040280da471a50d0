/** Which lines of a checklist are boxes, and where they stand: held against another parser that knows nothing of ours. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { marked, type Token } from 'marked';
import { describe, expect, test } from 'vitest';
import { boxesIn } from '../../../src/plan/checklist/boxes.js';
import { anyChecklist } from '../any-checklist.js';

const CHECKLISTS = 'test/fixtures/checklists';

const told = (text: string) => boxesIn(text).map(({ ticked, title }) => `[${ticked ? 'x' : ' '}] ${title}`);

/** The boxes that marked finds, in the same form. */
function toldByMarked(text: string): string[] {
  const boxes: string[] = [];
  void marked.walkTokens(marked.lexer(text.replace(/^\ufeff/, ''), { gfm: true }), (token: Token) => {
    if (token.type !== 'list_item' || !token.task) return;
    const [title = ''] = token.text.replaceAll('\t', ' ').split('\n');
    boxes.push(`[${token.checked ? 'x' : ' '}] ${title.trim()}`);
  });
  return boxes;
}

test('boxes are task list items as people write them, and nothing that only looks like one', () => {
  const text = readFileSync(`${CHECKLISTS}/boxes-as-people-write-them.md`, 'utf8');
  expect(boxesIn(text).map(({ line, title }) => `${line} ${title}`)).toEqual([
    '3 Tell support',
    '4 Freeze merges',
    '6 Look at the certificate (three spaces after the hyphen)',
    '7 Asterisk',
    '8 Plus',
    '9 Nested, four spaces',
    '11 In a quote: suspend the night jobs',
    '15 Read the generated SQL',
    '23 Already ticked',
  ]);
});

describe('the specification of GitHub-flavoured Markdown says what a box is', () => {
  test.each<[string, string, string[]]>([
    ['an inline code span in triple backticks opens no fence', '```a``` b\n\n- [ ] c', ['[ ] c']],
    ['nor does one in a list', '- - [ ] a\n  ```b``` c\n\n      - [ ] d', ['[ ] a', '[ ] d']],
    ['a closing fence carries no text', '```\n``` sh\n- [ ] a\n```\n- [ ] b', ['[ ] b']],
    ['a fence in an item ends with the item', '- [ ] a\n  ```\n  - [ ] b\n- [ ] c', ['[ ] a', '[ ] c']],
    ['a fence that is never closed goes on to the end', '- [ ] a\n\n```\n- [ ] b', ['[ ] a']],
    ['a comment goes on over blank lines', '<!--\n\n- [ ] a\n\n-->\n- [ ] b', ['[ ] b']],
    ['a comment that is never closed goes on to the end', '- [ ] a\n\n<!--\n- [ ] b', ['[ ] a']],
    ['HTML goes on to the next blank line', '<div>\n- [ ] a\n\n- [ ] b', ['[ ] b']],
    ['a table has cells', '| a | b |\n|---|---|\n| - [ ] c | [ ] |', []],
    ['code is indented by four columns', '- [ ] a\n\n      - [ ] b\n\n    - [ ] c', ['[ ] a', '[ ] c']],
    ['a tab goes on to the next multiple of four', '-\t[ ] a\n\t-\t[x] b', ['[ ] a', '[x] b']],
    ['items may begin with several markers', '- 1. [ ] a\n> - [X] b', ['[ ] a', '[x] b']],
    ['a list may end within a quote', '> - [ ] a\n- [ ] b', ['[ ] a', '[ ] b']],
    ['only the first block of an item makes it a box', '- a\n\n  [ ] b\n- > [ ] c', []],
    ['that block is a paragraph, not a heading', '- [ ] a\n  ===\n- # [ ] b', []],
    ['something stands behind the brackets, apart from them', '- [ ]\n- [ ] \n- [x]a\n- [] b', []],
    ['any blank will do between and behind the brackets', '- [\t]\ta\n- [ ]\n  b', ['[ ] a', '[ ] b']],
    ['a box within the words of a box is none', '- [ ] - [ ] a', ['[ ] - [ ] a']],
    ['its words go on where the item does; the first line names it', '- [ ] a\n  b\nc', ['[ ] a']],
    ['a list from another number than 1 does not interrupt a paragraph', 'a\n2. [ ] b', []],
    ['but it comes right after anything else', '    a\n2. [ ] b\n\n# c\n2. [ ] d\n', ['[ ] b', '[ ] d']],
    ['a backslash takes it back', '- \\[ ] a\n\\- [ ] b', []],
    ['footnotes are none of its parts', '[^1]: - [ ] a', []],
    ['lines may end with a carriage return alone', '- [ ] a\r- [x] b\r', ['[ ] a', '[x] b']],
  ])('%s', (_, text, boxes) => {
    expect(told(text)).toEqual(boxes);
  });
});

test('what is told of a box is where it stands in the text, byte order mark or not', () => {
  for (const mark of ['', '\ufeff']) {
    const text = `${mark}- [ ] a  \r\n  b\r\n\r\n> 10. [x] c\r\n>       - [ ] d`;
    expect(boxesIn(text)).toMatchObject([
      { line: 1, lastLine: 2, indent: '  ', isFollowedDeeper: false },
      { line: 4, lastLine: 5, indent: '>     ', isFollowedDeeper: true },
      { line: 5, lastLine: 5, indent: '>         ', isFollowedDeeper: false },
    ]);
    expect(boxesIn(text).map((box) => text.slice(box.mark - 1, box.mark + 2))).toEqual(['[ ]', '[x]', '[ ]']);
    expect(boxesIn(text).map(({ end }) => text.slice(0, end).split(/\r\n/).at(-1))).toEqual([
      '  b',
      '> 10. [x] c',
      '>       - [ ] d',
    ]);
  }
});

describe('marked finds the same boxes', () => {
  /** What a heading is: there the parsers differ, see above. */
  const isSetext = /^[ >]*(?:={3}|-{3})\r?$/m;

  test('in 600 checklists that nobody has written', () => {
    let boxes = 0;
    fc.assert(
      fc.property(
        anyChecklist.filter((text) => !isSetext.test(text)),
        (text) => {
          boxes += told(text).length;
          expect(told(text)).toEqual(toldByMarked(text));
        },
      ),
      { numRuns: 600, seed: 20261126 },
    );
    expect(boxes).toBeGreaterThan(3_000);
  }, 180_000);

  const real: [string, number][] = [
    ['plans/eduautismo-checklist.pt.md', 117],
    ['plans/orders-checklist.md', 52],
    ['app-movel.pt.md', 10],
    ['hotfix.md', 7],
    ['library.md', 5],
    ['migracao-de-banco.pt.md', 13],
    ['open-source-server.md', 24],
    ['plantao.pt.md', 5],
    ['pull-request-deploy.md', 20],
    ['pull-request.md', 7],
    ['release-issue.md', 12],
    ['saas-release.md', 39],
    ['security-review.md', 7],
    ['times-in-bold.md', 11],
    ['boxes-as-people-write-them.md', 9],
  ];

  test.each(real)('in %s, all %i', (name, count) => {
    const text = readFileSync(name.includes('/') ? name : `${CHECKLISTS}/${name}`, 'utf8');
    expect(told(text)).toHaveLength(count);
    expect(told(text)).toEqual(toldByMarked(text));
  });

  test('no checklist is left out', () => {
    const names = real.map(([name]) => name).filter((name) => !name.includes('/'));
    expect(names.toSorted()).toEqual(readdirSync(CHECKLISTS).toSorted());
  });
});
