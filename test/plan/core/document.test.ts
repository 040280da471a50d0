/** The team's own checklist beside the plan: it is read whole, and its boxes are the plan's items. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { boxesIn } from '../../../src/plan/checklist/boxes.js';
import { loadPlan } from '../../../src/plan/load.js';
import { problemsOf, replaceOnce, SHIPPED, shippedText, write } from '../plan-files.js';

const DOCUMENT = 'eduautismo-checklist.pt.md';
const checklist = readFileSync(`plans/${DOCUMENT}`, 'utf8');

/** The problems of the shipped plan with some passages replaced, beside this document. */
function problemsWith(document: string | Buffer, ...edits: [string, string][]) {
  const file = write('plan.yaml', edits.reduce(replaceOnce, shippedText));
  writeFileSync(join(dirname(file), DOCUMENT), document);
  return problemsOf(() => loadPlan(file)).map(({ path, message, suggestion }) => ({ path, message, suggestion }));
}

const removed = '- [ ] Deploy concluído sem erros\n';

describe('the boxes of a document', () => {
  test('are told with their lines; what only looks like one is none', () => {
    const text = [
      '- [ ] one',
      '* [x] two  ',
      '```',
      '- [ ] code',
      '```',
      '  + [X] three',
      '-[ ] no',
      '- [ ]',
      '~~~',
      '- [ ] code',
      '```',
      '- [ ] code',
      '~~~~',
      '- [ ] four\r',
    ].join('\n');
    expect(boxesIn(text).map(({ line, title }) => `${line} ${title}`)).toEqual([
      '1 one',
      '2 two',
      '6 three',
      '14 four',
    ]);
  });
});

test('the shipped plan has the checklist as it is, byte for byte, and its 117 boxes', () => {
  const { document = '', items } = loadPlan(SHIPPED).resolved;
  expect(document).toBe(checklist);
  expect(boxesIn(document).map(({ title }) => title)).toEqual(items.map(({ title }) => title));
  expect(items).toHaveLength(117);
});

test('a plan needs no document', () => {
  const { resolved } = loadPlan(write('plan.yaml', replaceOnce(shippedText, [`document: ${DOCUMENT}\n`, ''])));
  expect('document' in resolved).toBe(false);
});

test('another text is another plan: its digest says so', () => {
  const file = write('plan.yaml', shippedText);
  const { digest } = loadPlan(file);
  writeFileSync(join(dirname(file), DOCUMENT), `${checklist}\nOne more line.\n`);
  expect(loadPlan(file).digest).not.toBe(digest);
});

describe('items and boxes match one to one, or it is said which do not', () => {
  test('a box that no item settles', () => {
    const line = checklist.slice(0, checklist.indexOf(removed)).split('\n').length + 1;
    const more = checklist.replace(removed, `${removed}- [ ] Café servido\n`);
    expect(problemsWith(more)).toEqual([
      {
        path: 'document',
        message: `No item settles the box “Café servido” (line ${line} of ${DOCUMENT})`,
        suggestion: undefined,
      },
    ]);
  });

  test('an item that is no box', () => {
    expect(problemsWith(checklist.replace(removed, ''))).toEqual([
      {
        path: 'items.1.1.2.title',
        message: expect.stringContaining(`Is no box of ${DOCUMENT}`),
        suggestion: undefined,
      },
    ]);
  });

  test('an item whose words are not quite the box’s, with the box’s own words', () => {
    expect(
      problemsWith(checklist, [
        '"1.1.2": { title: "Deploy concluído sem erros"',
        '"1.1.2": { title: "Deploy concluido sem erro"',
      ]),
    ).toEqual([
      {
        path: 'items.1.1.2.title',
        message: expect.stringMatching(/^Is not the box in line \d+ of /),
        suggestion: 'Deploy concluído sem erros',
      },
    ]);
  });

  test('an item whose box is settled by another one already', () => {
    const [problem] = problemsWith(checklist.replace(removed, ''));
    expect(problem?.message).toMatch(/; the nearest, “Deploy concluído sem erros” in line \d+, is another item$/);
  });

  test('boxes in another order', () => {
    const other = '- [ ] Health check retorna 200 OK\n';
    const swapped = checklist.replace(removed + other, other + removed);
    expect(problemsWith(swapped)).toMatchObject([
      {
        path: expect.stringMatching(/^items\.1\.1\.[23]\.title$/),
        message: expect.stringMatching(/^Is the box in line \d+ of .*, at another place: /),
      },
    ]);
  });

  test('many boxes that nothing settles are told in few words', () => {
    const many = `${checklist}\n${Array.from({ length: 30 }, (_, index) => `- [ ] More ${index}`).join('\n')}\n`;
    const problems = problemsWith(many);
    expect(problems).toHaveLength(6);
    expect(problems.at(-1)?.message).toBe(`No item settles 25 more boxes of ${DOCUMENT}`);
  });
});

describe('a document that cannot be used', () => {
  test('is told when it is not there', () => {
    expect(problemsWith(checklist, [`document: ${DOCUMENT}`, 'document: checklist.md'])).toMatchObject([
      { path: 'document', message: 'There is no such file: write its path from the folder of this file' },
    ]);
  });

  test('is told when it is too large to travel with each deployment', () => {
    expect(problemsWith(checklist + 'x'.repeat(100_000))).toMatchObject([
      {
        path: 'document',
        message: expect.stringMatching(/^Has 116 KB, and travels with each deployment: at most 100 KB\./),
      },
    ]);
  });

  test('is told when it is no text, or a folder', () => {
    expect(problemsWith(Buffer.from([0xff, 0xfe, 0x00]))).toMatchObject([
      { path: 'document', message: 'Is not a text file in UTF-8' },
    ]);
    expect(problemsWith(checklist, [`document: ${DOCUMENT}`, 'document: "."'])).toMatchObject([
      { path: 'document', message: 'Can’t be read (EISDIR)' },
    ]);
  });
});

describe('of an item’s words the beginning is enough', () => {
  const whole = 'title: "DevOps - Infraestrutura pronta"';
  const plan = (beginning: string): string =>
    write('plan.yaml', replaceOnce(shippedText, [whole, `title: "${beginning}"`]));

  test('where no other box begins so: the plan, its digest too, has the box’s own words', () => {
    const file = plan('DevOps…');
    writeFileSync(join(dirname(file), DOCUMENT), checklist);
    const other = write('plan.yaml', shippedText);
    writeFileSync(join(dirname(other), DOCUMENT), checklist);
    const titles = (path: string) => loadPlan(path).resolved.items.map(({ title }) => title);
    expect(titles(file)).toEqual(titles(other));
  });

  test('where two boxes begin so, a box put in between could be settled by another’s facts: it is refused', () => {
    expect(problemsWith(checklist, [whole, 'title: "De…"'])).toEqual([
      {
        path: expect.stringMatching(/^items\..*\.title$/),
        message: expect.stringMatching(/Begins the boxes in lines \d+, \d+ of .*, too: write more/),
        suggestion: undefined,
      },
    ]);
  });
});
