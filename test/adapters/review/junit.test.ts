import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeTestResults, parseTestResults } from '../../../src/adapters/review/junit.js';

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

/** Reports as these tools write them: those of GoogleTest 1.12 and pytest 9 are their own output. */
const dialect = (name: string) =>
  parseTestResults(readFileSync(new URL(`../../fixtures/junit/${name}.xml`, import.meta.url), 'utf8'));

describe('the dialects of JUnit files', () => {
  test.each<[string, { passed: number; failed: number; errors: number; skipped: number; flaky?: number }]>([
    ['googletest', { passed: 1, failed: 1, errors: 0, skipped: 2 }],
    ['pytest', { passed: 1, failed: 2, errors: 2, skipped: 2 }],
    ['surefire', { passed: 2, failed: 1, errors: 1, skipped: 1, flaky: 1 }],
    ['jest', { passed: 1, failed: 1, errors: 1, skipped: 1 }],
    ['go-junit-report', { passed: 1, failed: 1, errors: 1, skipped: 1 }],
    ['phpunit', { passed: 1, failed: 1, errors: 1, skipped: 2 }],
    ['ctest', { passed: 1, failed: 1, errors: 0, skipped: 2 }],
  ])('%s', (name, counts) => {
    expect(dialect(name)).toMatchObject({ flaky: 0, ...counts });
  });

  test('a test that was not run has not passed: two disabled of three leave one', () => {
    const notRun = '<testcase name="a" status="notrun" result="suppressed"/><testcase name="b" status="disabled"/>';
    expect(judge(suite(`${cases(1)}${notRun}`, ' tests="3" disabled="2"'))).toEqual({
      ok: true,
      text: '100 % (1 of 1) of the tests of commit aaaaaaaaaaaa passed, 2 skipped',
    });
    expect(judge(suite(notRun)).text).toContain('no test has run (2 skipped)');
  });

  test.each<[string, string, string]>([
    ['a failure that a suite counts and does not list', ' tests="2" failures="1"', ''],
    ['an error that a suite counts and does not list', ' tests="2" errors="1"', ''],
    ['a failure of the suite itself', ' tests="2"', '<failure message="torn down badly"/>'],
    ['an error of the suite itself', ' tests="2"', '<error/>'],
  ])('%s is one', (_, attributes, inner) => {
    const finding = judge(suite(cases(2) + inner, attributes));
    expect(finding.ok).toBe(false);
    expect(finding.text).toContain('(2 of 3) of the tests of commit aaaaaaaaaaaa passed');
  });

  test('what only the top says counts as well, and what is said and listed counts once', () => {
    const top = (inner: string, attributes: string) =>
      suite(inner, ' tests="2" failures="1"').replace('<testsuites>', `<testsuites${attributes}>`);
    const failing = `${cases(1)}${cases(1, '<failure/>')}`;
    expect(parseTestResults(top(failing, ' tests="2" failures="1"'))).toMatchObject({
      passed: 1,
      failed: 1,
      errors: 0,
    });
    expect(parseTestResults(top(failing, ' tests="2" failures="1" errors="2"'))).toMatchObject({
      passed: 1,
      failed: 1,
      errors: 2,
    });
  });

  test('one suite that is not whole is not made whole by the tests of another', () => {
    const text = `<testsuites><testsuite tests="10">${cases(3)}</testsuite><testsuite>${cases(20)}</testsuite></testsuites>`;
    expect(judge(text)).toMatchObject({ ok: false, text: 'says that it has 10 tests and lists 3: it is not whole' });
    const merged = `<testsuites tests="10"><testsuite>${cases(3)}</testsuite></testsuites>`;
    expect(judge(merged).text).toContain('says that it has 10 tests and lists 3');
  });

  test('tests that were skipped need not be listed', () => {
    expect(parseTestResults(suite(cases(3), ' tests="5" skipped="2"'))).toMatchObject({ passed: 3, skipped: 2 });
  });

  test.each([
    [
      'a word for an outcome that is not known',
      suite('<testcase name="a" status="quarantined"/>'),
      'status="quarantined"',
    ],
    ['a count that is no number', suite(cases(1), ' failures="many"'), 'failures="many"'],
    ['suites within suites without end', '<testsuite>'.repeat(500) + '</testsuite>'.repeat(500), 'cannot be read'],
  ])('%s is said, not guessed', (_, text, words) => {
    expect(judge(text)).toMatchObject({ ok: false, text: expect.stringContaining(words) });
  });

  test('a test that passed only when it was repeated has passed, and it is said', () => {
    expect(judge(suite(cases(2) + cases(1, '<flakyFailure message="x"/>'))).text).toContain(
      '(3 of 3) of the tests of commit aaaaaaaaaaaa passed, 1 of them only when repeated',
    );
  });

  test('whatever is listed: nothing is counted twice, and no report is better for saying more failures', () => {
    const outcome = fc.constantFrom('', '<failure/>', '<error/>', '<skipped/>');
    fc.assert(
      fc.property(fc.array(outcome, { minLength: 1, maxLength: 20 }), fc.nat(30), (outcomes, more) => {
        const inner = outcomes.map((one) => cases(1, one)).join('');
        const plain = parseTestResults(suite(inner));
        const said = parseTestResults(suite(inner, ` tests="${outcomes.length}" failures="${more}"`));
        if ('problem' in plain || 'problem' in said) throw new Error('both can be read');
        expect(plain.passed + plain.failed + plain.errors + plain.skipped).toBe(outcomes.length);
        expect(said.passed).toBe(plain.passed);
        expect(said.failed + said.errors).toBe(Math.max(plain.failed + plain.errors, more));
      }),
    );
  });
});
