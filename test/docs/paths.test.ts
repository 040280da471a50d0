/** Files, links and scripts that the pages for people name are there: names change, and pages are forgotten. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES } from './pages.js';

/** Folders of this repository, with or without a file; and sources, wherever they claim to be. */
const PATH = /`((?:src|test|scripts|docs|docker|sandbox)\/[\w./-]*|[\w-]+\/[\w./-]*\.(?:ts|js|mjs|sh))`/g;
/** `![What is seen](pictures/watch.png)`. */
const PICTURE = /!\[([^\]]*)\]\(([^)]+)\)/g;
/** A heading of a page: `](security.md#the-console)`, `](#layers)`. */
const PLACE = /\]\((?!https?:)([^)#]*)#([^)]+)\)/g;
const LINK = /\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g;
const SCRIPT = /npm run ([\w:]+)/g;

/** As GitHub names a heading in links. */
const anchors = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

const named = (text: string, form: RegExp): string[] => [...text.matchAll(form)].map(([, name = '']) => name);
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

test.each(PAGES)('what %s names is there', (page) => {
  const text = readFileSync(page, 'utf8');
  expect(named(text, PATH).filter((path) => !existsSync(path))).toEqual([]);
  expect(named(text, LINK).filter((link) => !existsSync(join(dirname(page), link)))).toEqual([]);
  expect(named(text, SCRIPT).filter((script) => !(script in scripts))).toEqual([]);
});

test('paths, links and scripts are found', () => {
  const all = PAGES.map((page) => readFileSync(page, 'utf8')).join('\n');
  expect(named(all, PATH).length).toBeGreaterThan(100);
  expect(named(all, LINK).length).toBeGreaterThan(20);
  expect(new Set(named(all, SCRIPT)).size).toBeGreaterThan(5);
});

test('every picture is shown by a page, with words for whoever does not see it; the script that takes them has each', () => {
  const shown = PAGES.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(PICTURE)].map(([, words = '', path = '']) => ({
      words,
      path: join(dirname(page), path),
    })),
  );
  const pictures = readdirSync('docs/pictures');
  expect([...new Set(shown.map(({ path }) => path))].sort()).toEqual(
    pictures.map((name) => join('docs/pictures', name)).sort(),
  );
  expect(shown.filter(({ words }) => words.split(' ').length < 5)).toEqual([]);
  const script = readFileSync('scripts/pictures/take.js', 'utf8');
  expect(pictures.filter((name) => !script.includes(`'${name}'`))).toEqual([]);
  expect(pictures.filter((name) => statSync(join('docs/pictures', name)).size > 150 * 1_024)).toEqual([]);
});

test.each(PAGES)('the headings that %s leads to are there', (page) => {
  const places = [...readFileSync(page, 'utf8').matchAll(PLACE)].map(([, file = '', anchor = '']) => ({
    file,
    anchor,
  }));
  const lost = places.filter(({ file, anchor }) => {
    const leadsTo = file === '' ? page : join(dirname(page), file);
    return leadsTo.endsWith('.md') && !anchors(readFileSync(leadsTo, 'utf8')).includes(anchor);
  });
  expect(lost).toEqual([]);
});

test.each(PAGES)('no two headings of %s have one name', (page) => {
  const names = anchors(readFileSync(page, 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, ''));
  expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
});
