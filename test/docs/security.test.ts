/** What docs/security.md promises by the name of a test is tested by that name. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync('docs/security.md', 'utf8');
const named = [...page.matchAll(/`(test\/[\w./-]+\.test\.ts)`: “([^”]+)”/g)].map(([, file = '', title = '']) => ({
  file,
  title,
}));

test('the page names tests for every risk of the list', () => {
  expect(named.length).toBeGreaterThan(30);
  for (let risk = 1; risk <= 10; risk++)
    expect(page).toMatch(new RegExp(`\\| CICD-SEC-${risk} [^|]+\\|[^|]+\\|[^|]*\`test/`));
});

test.each(named)('$file has “$title”', ({ file, title }) => expect(readFileSync(file, 'utf8')).toContain(title));
