/** Files, links and scripts that the pages for people name are there: names change, and pages are forgotten. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES } from './pages.js';

/** Folders of this repository, with or without a file; and sources, wherever they claim to be. */
const PATH = /`((?:src|test|scripts|docs|docker|sandbox)\/[\w./-]*|[\w-]+\/[\w./-]*\.(?:ts|js|mjs|sh))`/g;
const LINK = /\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g;
const SCRIPT = /npm run ([\w:]+)/g;

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
