/** Test results as JUnit files hold them, and the commit that they are of. */
import { readFile, stat } from 'node:fs/promises';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { type Finding, passRate } from '../domain/review.js';

export interface TestResults {
  passed: number;
  failed: number;
  errors: number;
  skipped: number;
  /** The first of those that did not pass. */
  broken: string[];
  /** Every commit that the file names, or the file beside it. */
  commits: string[];
}

/** Bytes; a larger one is no report of tests. */
const LARGEST = 64 * 1024 * 1024;
const MOST_NAMES = 20;
const LISTS = new Set(['testsuite', 'testcase', 'properties', 'property']);
/** Properties of a test suite that name the commit. */
const COMMIT = new Set(['commit', 'git.commit']);

// Entities of a document type could blow up a small file; the reports of tests have none.
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseAttributeValue: false,
  isArray: (name, _path, _leaf, isAttribute) => !isAttribute && LISTS.has(name),
});

/**
 * Reads a JUnit file, and beside it `FILE.commit` when there is one (a commit and nothing else).
 * @returns the results, or why there are none, for people
 */
export async function readTestResults(file: string): Promise<TestResults | { problem: string }> {
  const { size } = await stat(file).catch(() => ({ size: -1 }));
  if (size < 0) return { problem: `${file} is not there` };
  if (size > LARGEST) return { problem: `${file} is too large for a report of tests (${size} bytes)` };
  const text = await readFile(file, 'utf8');
  const results = parseTestResults(text);
  if ('problem' in results) return { problem: `${file} ${results.problem}` };
  const beside = await readFile(`${file}.commit`, 'utf8').catch(() => '');
  return { ...results, commits: [...new Set([...results.commits, ...(beside.trim() ? [beside.trim()] : [])])] };
}

export function parseTestResults(text: string): TestResults | { problem: string } {
  if (/<!DOCTYPE/i.test(text)) return { problem: 'is no JUnit file: it has a document type' };
  const valid = XMLValidator.validate(text);
  if (valid !== true) return { problem: `is no complete XML (line ${valid.err.line}: ${valid.err.msg.slice(0, 120)})` };
  const root = parser.parse(text) as Element;
  const suites = [...elements(root.testsuites), ...elements(root.testsuite)];
  if (!('testsuites' in root) && !('testsuite' in root))
    return { problem: 'is no JUnit file: it has neither <testsuites> nor <testsuite> at its top' };
  const results: TestResults = { passed: 0, failed: 0, errors: 0, skipped: 0, broken: [], commits: [] };
  for (const suite of suites) count(suite, results);
  const listed = results.passed + results.failed + results.errors + results.skipped;
  const said = suites.reduce((sum, suite) => sum + testsSaid(suite), 0);
  if (listed < said) return { problem: `says that it has ${said} tests and lists ${listed}: it is not whole` };
  results.commits = [...new Set(results.commits)];
  return results;
}

/** Whether the results are of this commit, and good enough. */
export function judgeTestResults(
  results: TestResults | { problem: string },
  { commit, minimum }: { commit: string; minimum: number },
): Finding {
  if ('problem' in results) return { ok: false, text: results.problem };
  const { passed, failed, errors, skipped, broken, commits } = results;
  if (commits.length === 0) return { ok: false, text: 'the JUnit file does not say which commit it is of' };
  const other = commits.find((candidate) => candidate !== commit);
  if (other !== undefined)
    return { ok: false, text: `the JUnit file is of ${other.slice(0, 40)}, but ${commit.slice(0, 12)} is deployed` };
  if (passed + failed + errors === 0) return { ok: false, text: `no test has run (${skipped} skipped)` };
  const rate = passRate({ passed, failed: failed + errors, minimum });
  const some = broken.length > 0 ? ` (${failed} failed, ${errors} errors: ${broken.slice(0, 3).join(', ')})` : '';
  const text = `${rate.text} tests of commit ${commit.slice(0, 12)} passed${some}, ${skipped} skipped${rate.need}`;
  return { ok: rate.ok, text };
}

type Element = { [name: string]: unknown };

const isElement = (value: unknown): value is Element => typeof value === 'object' && value !== null;
const elements = (value: unknown): Element[] => (Array.isArray(value) ? value : [value]).filter(isElement);
const attribute = (element: Element, name: string): string => String(element[`@${name}`] ?? '');

function count(suite: Element, results: TestResults): void {
  for (const property of elements(suite.properties).flatMap((list) => elements(list.property))) {
    const value = attribute(property, 'value') || String(property['#text'] ?? '');
    if (COMMIT.has(attribute(property, 'name'))) results.commits.push(value.trim());
  }
  for (const test of elements(suite.testcase)) {
    const outcome = outcomeOf(test);
    results[outcome] += 1;
    if ((outcome === 'failed' || outcome === 'errors') && results.broken.length < MOST_NAMES)
      results.broken.push(
        [attribute(test, 'classname'), attribute(test, 'name')].filter(Boolean).join('.').slice(0, 200),
      );
  }
  for (const inner of elements(suite.testsuite)) count(inner, results);
}

function outcomeOf(test: Element): 'passed' | 'failed' | 'errors' | 'skipped' {
  if ('error' in test) return 'errors';
  if ('failure' in test) return 'failed';
  return 'skipped' in test ? 'skipped' : 'passed';
}

/** The number of tests that a suite claims: its own word, or those of the suites in it. */
function testsSaid(suite: Element): number {
  const own = attribute(suite, 'tests');
  if (/^\d+$/.test(own)) return Number(own);
  return elements(suite.testsuite).reduce((sum, inner) => sum + testsSaid(inner), 0);
}
