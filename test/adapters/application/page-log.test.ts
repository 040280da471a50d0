import { expect, test } from 'vitest';
import { PageLog } from '../../../src/adapters/application/page-log.js';
import { redact } from '../../../src/adapters/evidence/redaction.js';

test('what a page says is kept line by line, and its problems are counted', () => {
  const log = new PageLog();
  log.note('GET http://app/docs: 200', false);
  log.note('script error: no', true);
  log.note('console error: no either', true);
  expect(log.text((line) => line)).toBe('GET http://app/docs: 200\nscript error: no\nconsole error: no either\n');
  expect(log.problems).toEqual({ count: 2, first: 'script error: no' });
});

test('a page that talks without end fills neither memory nor evidence: it is said how much is left out, problems too', () => {
  const log = new PageLog();
  const line = 'x'.repeat(100_000);
  for (let at = 0; at < 20_000; at += 1) log.note(`console log: ${at} ${line}`, false);
  log.note(`console error: ${line}`, true);
  const text = log.text((each) => each);
  expect(text.length).toBeLessThan(1_100_000);
  expect(text).toContain('(19001 more lines are left out, 1 of them problems)');
  expect(log.problems.count).toBe(1);
  expect(log.problems.first?.length).toBeLessThan(10_000);
});

test('a secret at the end of what is shown of a line is taken out whole', () => {
  const log = new PageLog();
  log.note(`${'x'.repeat(990)}geheimnis-2026 and more`, false);
  const text = log.text((line) => redact(line, ['geheimnis-2026']));
  expect(text).not.toContain('geheim');
  expect(text).toContain('x***');
});
