/** Test results as JUnit files hold them, and the commit that they are of. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { passRate, type ReviewFinding } from '../../domain/review.js';
import { readText, whyUnread } from '../../files/bounded-files.js';

export interface TestResults {
  passed: number;
  failed: number;
  errors: number;
  /** Skipped, disabled, ignored, not run. */
  skipped: number;
  /** Of those that passed: only when they were repeated. */
  flaky: number;
  /** The first of those that did not pass. */
  broken: string[];
  /** Every commit that the file names, or the file beside it. */
  commits: string[];
}

/** Bytes; a larger one is no report of tests. */
const LARGEST = 64_000_000;
const LARGEST_COMMIT = 10_000;
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
  const text = await readText(file, LARGEST).catch((error: unknown) => ({ unread: whyUnread(error) }));
  if (typeof text !== 'string') return { problem: problemOf(file, text.unread) };
  const results = parseTestResults(text);
  if ('problem' in results) return { problem: `${file} ${results.problem}` };
  const beside = await readText(`${file}.commit`, LARGEST_COMMIT).catch((error: unknown) => ({
    unread: whyUnread(error),
  }));
  if (typeof beside === 'string')
    return { ...results, commits: [...new Set([...results.commits, ...(beside.trim() ? [beside.trim()] : [])])] };
  // What it may say of the commit is not known.
  return beside.unread === 'ENOENT' ? results : { problem: problemOf(`${file}.commit`, beside.unread) };
}

const problemOf = (file: string, unread: string): string =>
  unread === 'ENOENT' ? `${file} is not there` : `${file} cannot be read (${unread})`;

export function parseTestResults(text: string): TestResults | { problem: string } {
  if (/<!DOCTYPE/i.test(text)) return { problem: 'is no JUnit file: it has a document type' };
  const valid = XMLValidator.validate(text);
  if (valid !== true) return { problem: `is no complete XML (line ${valid.err.line}: ${valid.err.msg.slice(0, 120)})` };
  try {
    const root = parser.parse(text) as Element;
    const suites = [...elements(root.testsuites), ...elements(root.testsuite)];
    if (!('testsuites' in root) && !('testsuite' in root))
      return { problem: 'is no JUnit file: it has neither <testsuites> nor <testsuite> at its top' };
    const results = sum(suites.map(readSuite));
    return { ...results, broken: results.broken.slice(0, MOST_NAMES), commits: [...new Set(results.commits)] };
  } catch (error) {
    // The parser's own limits (depth, for one) are told by its errors.
    return { problem: error instanceof NotWhole ? error.message : `cannot be read: ${String(error).slice(0, 120)}` };
  }
}

/** Whether the results are of this commit, and good enough. */
export function judgeTestResults(
  results: TestResults | { problem: string },
  { commit, minimum }: { commit: string; minimum: number },
): ReviewFinding {
  if ('problem' in results) return { ok: false, text: results.problem };
  const { passed, failed, errors, skipped, flaky, broken, commits } = results;
  if (commits.length === 0) return { ok: false, text: 'the JUnit file does not say which commit it is of' };
  const other = commits.find((candidate) => candidate !== commit);
  if (other !== undefined)
    return { ok: false, text: `the JUnit file is of ${other.slice(0, 40)}, but ${commit.slice(0, 12)} is deployed` };
  if (passed + failed + errors === 0) return { ok: false, text: `no test has run (${skipped} skipped)` };
  const rate = passRate({ passed, failed: failed + errors, minimum });
  const some = broken.length > 0 ? ` (${failed} failed, ${errors} errors: ${broken.slice(0, 3).join(', ')})` : '';
  const repeated = flaky > 0 ? `, ${flaky} of them only when repeated` : '';
  const text = `${rate.text} tests of commit ${commit.slice(0, 12)} passed${repeated}${some}, ${skipped} skipped${rate.need}`;
  return { ok: rate.ok, text };
}

type Element = { [name: string]: unknown };

const isElement = (value: unknown): value is Element => typeof value === 'object' && value !== null;
const elements = (value: unknown): Element[] => (Array.isArray(value) ? value : [value]).filter(isElement);
const attribute = (element: Element, name: string): string => String(element[`@${name}`] ?? '');

/** The file says more, or something else, than can be counted. The message goes on from the file's name. */
class NotWhole extends Error {}

const NOTHING: TestResults = { passed: 0, failed: 0, errors: 0, skipped: 0, flaky: 0, broken: [], commits: [] };

/**
 * What a suite lists, its inner suites included, against what it says of itself: of tests that did not pass the larger
 * number counts, and what is missing of tests that were skipped is skipped. @throws NotWhole
 */
function readSuite(suite: Element): TestResults {
  const parts = [commitsOf(suite), ownFailures(suite)];
  for (const test of elements(suite.testcase)) parts.push(readTest(test));
  for (const inner of elements(suite.testsuite)) parts.push(readSuite(inner));
  const listed = sum(parts);
  const said = (...names: string[]) => names.reduce((total, name) => total + number(suite, name), 0);
  const unlisted = Math.max(said('errors', 'failures') - listed.failed - listed.errors, 0);
  const skipped = Math.max(listed.skipped, said('skipped', 'disabled', 'ignored'));
  const whole = { ...listed, errors: listed.errors + unlisted, skipped };
  const all = whole.passed + whole.failed + whole.errors + whole.skipped;
  const tests = number(suite, 'tests');
  if (all < tests) throw new NotWhole(`says that it has ${tests} tests and lists ${all}: it is not whole`);
  if (unlisted > 0) whole.broken = [...whole.broken, `${unlisted} that ${nameOf(suite)} counts and does not list`];
  return whole;
}

function sum(parts: TestResults[]): TestResults {
  const total = { ...NOTHING, broken: [] as string[], commits: [] as string[] };
  for (const part of parts) {
    for (const count of ['passed', 'failed', 'errors', 'skipped', 'flaky'] as const) total[count] += part[count];
    if (total.broken.length < MOST_NAMES) total.broken.push(...part.broken);
    total.commits.push(...part.commits);
  }
  return total;
}

function commitsOf(suite: Element): TestResults {
  const commits = elements(suite.properties)
    .flatMap((list) => elements(list.property))
    .filter((property) => COMMIT.has(attribute(property, 'name')))
    .map((property) => (attribute(property, 'value') || String(property['#text'] ?? '')).trim());
  return { ...NOTHING, commits };
}

/** Failures of the suite itself: what is done before and after its tests, or its file could not be loaded. */
function ownFailures(suite: Element): TestResults {
  const failed = occurrences(suite.failure);
  const errors = occurrences(suite.error);
  return { ...NOTHING, failed, errors, broken: failed + errors > 0 ? [nameOf(suite)] : [] };
}

const occurrences = (value: unknown): number => (value === undefined ? 0 : Array.isArray(value) ? value.length : 1);

function readTest(test: Element): TestResults {
  const outcome = outcomeOf(test);
  const flaky = outcome === 'passed' && ('flakyFailure' in test || 'flakyError' in test) ? 1 : 0;
  const isBroken = outcome === 'failed' || outcome === 'errors';
  return { ...NOTHING, [outcome]: 1, flaky, broken: isBroken ? [nameOf(test)] : [] };
}

const nameOf = (element: Element): string =>
  [attribute(element, 'classname'), attribute(element, 'name')].filter(Boolean).join('.').slice(0, 200) || 'a suite';

type Outcome = 'passed' | 'failed' | 'errors' | 'skipped';

/** Elements as Ant and Maven have them; `rerun…` stand beside `failure` in a test that failed again each time. */
const ELEMENTS: [element: string, outcome: Outcome][] = [
  ['error', 'errors'],
  ['rerunError', 'errors'],
  ['failure', 'failed'],
  ['rerunFailure', 'failed'],
  ['skipped', 'skipped'],
  // PHPUnit: it was not performed as it should be.
  ['warning', 'skipped'],
];

/** What `status` and `result` say: GoogleTest, CTest and others tell some outcomes only there. */
const WORDS: Record<Outcome, string> = {
  failed: 'fail failed failure',
  errors: 'error errors errored aborted broken crashed timeout timedout',
  skipped: 'notrun suppressed disabled skip skipped ignored pending inconclusive notexecuted todo',
  passed: 'run completed executed pass passed ok success successful succeeded',
};

const OUTCOMES = new Map(
  Object.entries(WORDS).flatMap(([outcome, words]) => words.split(' ').map((word) => [word, outcome as Outcome])),
);

function outcomeOf(test: Element): Outcome {
  const element = ELEMENTS.find(([name]) => name in test);
  if (element) return element[1];
  const said = ['status', 'result'].flatMap((name) => {
    const written = attribute(test, name);
    const word = written.toLowerCase().replaceAll(/[\s_-]/g, '');
    const outcome = word === '' ? 'passed' : OUTCOMES.get(word);
    if (outcome === undefined)
      throw new NotWhole(`says ${name}="${written.slice(0, 40)}" of a test: what that means is not known`);
    return outcome;
  });
  return said.find((outcome) => outcome !== 'passed') ?? 'passed';
}

/** A count that a suite says of itself; 0 when it says none. @throws NotWhole for something else than a number */
function number(suite: Element, name: string): number {
  const written = attribute(suite, name).trim();
  if (/^\d*$/.test(written)) return Number(written);
  throw new NotWhole(`says ${name}="${written.slice(0, 40)}": that is no number`);
}
