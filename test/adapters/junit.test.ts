import { describe, expect, test } from 'vitest';
import { judgeTestResults, parseTestResults } from '../../src/adapters/junit.js';

const COMMIT = 'a'.repeat(40);
const property = (name: string, value: string) =>
  `<properties><property name="${name}" value="${value}"/></properties>`;
const cases = (count: number, inner = '') => `<testcase classname="c" name="t">${inner}</testcase>`.repeat(count);
const suite = (inner: string, attributes = '') =>
  `<?xml version="1.0"?><testsuites><testsuite name="s"${attributes}>${property('commit', COMMIT)}${inner}</testsuite></testsuites>`;
const judge = (text: string, commit = COMMIT) => judgeTestResults(parseTestResults(text), { commit, minimum: 98.4 });

describe('a JUnit file', () => {
  test('98.4 % is enough, and what was skipped does not count', () => {
    const text = suite(cases(984) + cases(10, '<failure>no</failure>') + cases(6, '<error/>') + cases(5, '<skipped/>'));
    expect(judge(text)).toEqual({
      ok: true,
      text: '98.4 % (984 of 1000) of the tests of commit aaaaaaaaaaaa passed (10 failed, 6 errors: c.t, c.t, c.t), 5 skipped',
    });
  });

  test('a shade less is not, and is never shown as if it were', () => {
    const finding = judge(suite(cases(98_399) + cases(1_601, '<failure/>')));
    expect(finding.ok).toBe(false);
    expect(finding.text).toContain('98.39 % (98399 of 100000)');
    expect(finding.text).toContain('at least 98.4 % are needed');
  });

  test('the commit may be named by git.commit, in a text or on any level, and must be the one that is deployed', () => {
    const nested = `<testsuites><testsuite><testsuite>${property('git.commit', COMMIT)}${cases(1)}</testsuite></testsuite></testsuites>`;
    expect(judge(nested).ok).toBe(true);
    const written = `<testsuite><properties><property name="commit">${COMMIT}</property></properties>${cases(1)}</testsuite>`;
    expect(judge(written).ok).toBe(true);
    expect(judge(suite(cases(1)), 'b'.repeat(40))).toMatchObject({
      ok: false,
      text: expect.stringContaining('is of aaaa'),
    });
    expect(judge(suite(cases(1)).replace(COMMIT, COMMIT.slice(0, 12))).ok).toBe(false);
    expect(judge(`<testsuite>${cases(1)}</testsuite>`)).toMatchObject({
      ok: false,
      text: 'the JUnit file does not say which commit it is of',
    });
  });

  test('one that names two commits is of neither', () => {
    const other = `<testsuite>${property('commit', 'b'.repeat(40))}${cases(1)}</testsuite>`;
    expect(judge(suite(cases(1)).replace('</testsuites>', `${other}</testsuites>`)).ok).toBe(false);
  });

  test.each([
    ['truncated', suite(cases(3)).slice(0, -30), 'no complete XML'],
    ['cut between tests and mended', suite(cases(3), ' tests="120"'), 'says that it has 120 tests and lists 3'],
    ['without a test', suite(''), 'no test has run (0 skipped)'],
    ['with nothing but skipped tests', suite(cases(4, '<skipped/>')), 'no test has run (4 skipped)'],
    ['empty', '', 'no complete XML'],
    ['JSON', '{"tests": 3}', 'no complete XML'],
    ['another XML', '<html><body/></html>', 'neither <testsuites> nor <testsuite>'],
    ['with entities of its own', '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>', 'document type'],
  ])('one that is %s does not hold', (_, text, says) => {
    expect(judge(text)).toMatchObject({ ok: false, text: expect.stringContaining(says) });
  });
});
