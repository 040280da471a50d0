/** What CONTRIBUTING.md says of files is so: a recipe lists those in which its example stands, and no others. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const page = readFileSync('CONTRIBUTING.md', 'utf8');
const recipes = page.slice(page.indexOf('\n## Recipes'));

/** How an example is known in the code. Comments are no part of it. */
const EXAMPLES: Record<string, RegExp> = {
  // Logins have a kind of this name as well: the member of `MetricSource` is known by what follows.
  'A metric source':
    /\bcommand(?:Source|Metrics)\b|\bkind: 'command';\s+command: Command;\s+environment: EnvironmentName/,
  'A notifier': /(?<!hooks\.)\bslack\b/,
  'An alert source': /'rules-file'/,
  // Forges have a kind of this name as well.
  'A review source': /^(?![\s\S]*\b[Ff]orge)[\s\S]*(?:'github'|\bgitHubReviews\b)/,
  'A forge': /'gitlab'|\bgitlabForge\b/,
  'A migration tool': /\balembic/i,
  'A step': /\b(?:productionUnchanged|checkProduction|lookAtProduction|FoundProduction)\b/,
  'A phase': /'closing'|\bclosing\(|\bproductionState\b/,
};

/** The demo is the shipped plan's, and a first plan names one kind of each: no places for all that plans may name. */
const ELSEWHERE = /^src\/(?:demo\/|init\/compose-plan\.ts)/;

const code = new Map(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((file) => `src/${file}`)
    .filter((file) => /\.m?ts$/.test(file) && !ELSEWHERE.test(file))
    .map((file) => [file, withoutComments(readFileSync(file, 'utf8'))]),
);

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*)$/gm, '');
}

const standsIn = (example: RegExp): string[] =>
  [...code].filter(([, text]) => example.test(text)).map(([file]) => file);

const sectionOf = (title: string): string =>
  recipes.split(/^### /m).find((part) => part.startsWith(`${title}\n`)) ?? '';

const listOf = (section: string): string[] => [...section.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file = '']) => file);

describe.each(Object.entries(EXAMPLES))('the recipe “%s”', (title, example) => {
  test('lists each file in which its example stands, once', () => {
    expect(listOf(sectionOf(title)).sort()).toEqual(standsIn(example).sort());
  });
});

test('each recipe has an example', () => {
  const titles = [...recipes.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title);
  expect(titles).toEqual(Object.keys(EXAMPLES));
});
