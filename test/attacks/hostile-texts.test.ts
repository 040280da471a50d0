/**
 * No text stops the workflow's task: Temporal's SDK ends a worker whose task takes more than some seconds, and again each
 * time that the task is tried. So what works on texts takes a time that grows with their length only.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, Script } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOfService, quoted, runnerOf, serviceOf } from '../../src/contract/names.js';
import { isSecretReference } from '../../src/contract/plan/environment.js';
import { isOnThisMachine, sourceAddress } from '../../src/contract/second-places.js';
import { verifyChain } from '../../src/domain/audit/chain.js';
import { agreement, linesOfAnswer } from '../../src/domain/backup/answers.js';
import { commitFact, isBranchByName, isCommitName } from '../../src/domain/commit.js';
import { typedDecision } from '../../src/domain/decisions/matters.js';
import { readDecision } from '../../src/domain/decisions/read-decision.js';
import { doraOf } from '../../src/domain/deployments/dora.js';
import { doraCsv } from '../../src/domain/deployments/dora-csv.js';
import { parseDuration } from '../../src/domain/duration.js';
import { compareNumbers, isNumber, judgeChange, judgeValue, valueText } from '../../src/domain/expectations.js';
import { inert, inertValues } from '../../src/domain/inert.js';
import { cell } from '../../src/domain/ledger/board.js';
import { ALEMBIC, wrongWithDowngrade } from '../../src/domain/migration/alembic.js';
import { headsIn } from '../../src/domain/migration/alembic-files.js';
import { BY_COMMANDS, revisionsIn } from '../../src/domain/migration/by-commands.js';
import { warningLines } from '../../src/domain/migration/warnings.js';
import { fillIn, placeholdersIn } from '../../src/domain/notifications/notifications.js';
import { inOneLine } from '../../src/domain/one-line.js';
import { extractor, LONGEST_LINE, matcher, wholeMatcher } from '../../src/domain/pattern.js';
import { placeholder } from '../../src/domain/placeholder.js';
import { spellingAdvice } from '../../src/domain/release-spelling.js';
import { backupName } from '../../src/domain/rollback/backup-name.js';
import { isRunnerIdentity } from '../../src/domain/runner.js';
import { shortened } from '../../src/domain/shortened.js';
import { toldTime } from '../../src/domain/told-time.js';
import { readSeriesLine, samplesIn } from '../../src/domain/watch/series.js';
import { watchdogStateOf, watchOver } from '../../src/domain/watchdog/alarms.js';
import { WATCHDOG_RULES } from '../../src/domain/watchdog/symptoms.js';
import type { Policy } from '../../src/policy/policy.js';
import { fillBlanks } from '../../src/report/checklist/blanks.js';
import { readSeal } from '../../src/report/checklist/checklist.js';
import { code, fenced, inline } from '../../src/report/checklist/markdown.js';
import type { EvidenceFolder } from '../../src/report/content/evidence.js';
import { wordsOf } from '../../src/report/content/words.js';
import { readLatencies } from '../../src/report/html/latencies.js';
import { escapeMarkup, island, link } from '../../src/report/html/markup.js';
import { withKeptKeys } from '../../src/report/kept-keys.js';
import { compareLines, readReport } from '../../src/report/verify.js';

type Work = (text: string) => unknown;

/** What works on texts, by its file below src. */
const WORK: Record<string, Work[]> = {
  'contract/names.ts': [serviceOf, quoted, runnerOf, (text) => isOfService(text, 'shop')],
  'contract/plan/environment.ts': [isSecretReference],
  'contract/second-places.ts': [
    isOnThisMachine,
    (text) => sourceAddress({ kind: 'prometheus', place: { api: text } } as Parameters<typeof sourceAddress>[0]),
  ],
  'domain/audit/chain.ts': [
    (text) => verifyChain(text, () => ''),
    (text) => verifyChain(`{"line":1,"previous":"","event":${text}\n`, () => ''),
  ],
  'domain/backup/answers.ts': [
    linesOfAnswer,
    (text) => agreement('rows', { before: [`${text} 1`], after: [`${text} 3`], restored: [`${text} 2`] }),
    (text) => agreement('rows', { before: text.split('\n'), after: text.split(' '), restored: text.split('\n') }),
  ],
  'domain/commit.ts': [isCommitName, isBranchByName, (text) => commitFact([{ value: text }], 'a'.repeat(40))],
  'domain/decisions/matters.ts': [
    (text) => typedDecision({ kind: 'confirm', who: text, role: 'lead', why: text, subject: text }),
  ],
  'domain/decisions/read-decision.ts': [(text) => readDecision('confirm', { who: text, why: text, envelope: text })],
  'domain/deployments/dora-csv.ts': [
    (text) => doraCsv(new Map([[text, doraOf({ known: [], unknown: [] }, { from: 0, to: 1 })]]), { from: 0, to: 1 }),
  ],
  'domain/duration.ts': [parseDuration],
  'domain/expectations.ts': [
    isNumber,
    valueText,
    (text) => compareNumbers(text, '1'),
    (text) => judgeValue({ value: text }, { comparison: '<', operand: '10' }, 'it'),
    (text) => judgeChange({ value: text }, { value: '2' }, { within: '10 %' }),
  ],
  'domain/inert.ts': [inert, (text) => inertValues([text])],
  'domain/ledger/board.ts': [cell],
  'domain/migration/alembic-files.ts': [
    (text) => headsIn([{ name: 'a.py', text }]),
    (text) => headsIn([{ name: 'a.py', text: `revision = "a"\ndown_revision = (${text}` }]),
  ],
  'domain/migration/alembic.ts': [
    (text) => ALEMBIC.current(text, null),
    (text) => ALEMBIC.current(text, text.split('\n')),
    ALEMBIC.heads,
    ALEMBIC.warnings,
    ALEMBIC.upgradeTo,
    (text) => ALEMBIC.cannotName?.(text),
    wrongWithDowngrade,
    (text) => wrongWithDowngrade(`def downgrade():\n    ${text}`),
    (text) => ALEMBIC.inspect?.({ holding: async () => ['a.py'], content: async () => text }, 'a'),
  ],
  'domain/migration/by-commands.ts': [
    (text) => BY_COMMANDS.current(text, [text]),
    BY_COMMANDS.heads,
    (text) => revisionsIn([text]),
  ],
  'domain/migration/warnings.ts': [(text) => warningLines(text)],
  'domain/notifications/notifications.ts': [placeholdersIn, (text) => fillIn(text, { a: text })],
  'domain/one-line.ts': [(text) => inOneLine(text)],
  'domain/pattern.ts': [
    // Of a line its beginning is judged: the engine is a hundred times slower than the language's own.
    ...['(a+)+$', '\\s+$'].flatMap((pattern) =>
      [matcher(pattern), wholeMatcher(pattern), extractor(pattern)].map(
        (work): Work =>
          (text) =>
            work(text.slice(0, LONGEST_LINE)),
      ),
    ),
  ],
  'domain/placeholder.ts': [(text) => text.replaceAll(placeholder(), '')],
  'domain/release-spelling.ts': [
    (text) => spellingAdvice(text, `v${text}`),
    (text) => spellingAdvice(`1${text}`, `v1${text}`),
  ],
  'domain/rollback/backup-name.ts': [(text) => backupName({ location: text, sha256: text })],
  'domain/runner.ts': [isRunnerIdentity],
  'domain/shortened.ts': [(text) => shortened(text, 1_999_999)],
  'domain/told-time.ts': [toldTime],
  'domain/watch/series.ts': [
    readSeriesLine,
    (text) => samplesIn(text, { from: 0, to: Number.POSITIVE_INFINITY }),
    (text) => readSeriesLine(`{"at":1,"values":{"a":${text}`),
  ],
  'domain/watchdog/alarms.ts': [
    (text) =>
      watchOver(
        watchdogStateOf(undefined),
        [
          {
            ...{ deployment: 'd', run: { workflowId: 'w', runId: 'r' }, workflows: [], unseen: [] },
            queues: [{ queue: 'q', state: 'nobody', text, advice: text, lastAskedAt: 0 }],
          },
        ],
        { now: Date.UTC(2026, 0, 1), rules: WATCHDOG_RULES },
      ),
  ],
  'report/checklist/blanks.ts': [
    ...['a', '**Branch**: `', 'Tech Lead: [', 'Nome: __'].map(
      (head): Work =>
        (text) =>
          fillBlanks(asParagraph(head + text), CONTEXT),
    ),
  ],
  'report/checklist/checklist.ts': [readSeal],
  'report/checklist/markdown.ts': [inline, code, fenced],
  'report/content/words.ts': [wordsOf],
  'report/html/latencies.ts': [readLatencies],
  'report/html/markup.ts': [escapeMarkup, island, (text) => link('evidence', text.replaceAll(/[\ud800-\udfff]/g, ''))],
  'report/kept-keys.ts': [
    (path) =>
      withKeptKeys({} as Policy, {
        place: {} as EvidenceFolder,
        references: [{ path, title: '', sha256: '', bytes: 0 }],
      }).findProviderKeys?.('', ''),
  ],
  'report/verify.ts': [(text) => readReport(text, 'file'), (text) => compareLines(text, `${text}x`)],
};

/** Of the plan and of this program, which stand in its history before it begins: */
const OF_OUR_OWN = [
  // Names of commands and of boxes.
  'contract/runbook.ts',
  // What the window's own activity begins with.
  'workflows/steps/window.ts',
  // Paths, and figures of our own making.
  'report/html/plot.ts',
  'report/html/view.ts',
  'report/make.ts',
  // A checklist that its reader has had read before (`plan check`), and what was made of it.
  'report/checklist/compare-checklists.ts',
  'report/checklist/notes-block.ts',
];

const CONTEXT = {
  words: wordsOf('pt-BR'),
  plan: {
    notifications: { channels: [], contacts: [{ id: 'lead', title: 'Tech Lead', roles: [] }] },
    approvals: { roster: [], roles: [] },
  },
  report: { release: {} },
} as unknown as Parameters<typeof fillBlanks>[1];

/** As a reader of Markdown gives it, which is a library's work and the plan's. */
function asParagraph(written: string): Parameters<typeof fillBlanks>[0] {
  const text = written.replaceAll(/[\r\n]/g, ' ');
  const position = { start: { line: 1, column: 1, offset: 0 }, end: { line: 1, column: 1, offset: text.length } };
  const paragraph = { type: 'paragraph', children: [], position };
  const item = { type: 'listItem', checked: null, children: [paragraph], position };
  return {
    text,
    root: { type: 'root', children: [item], position } as unknown as Parameters<typeof fillBlanks>[0]['root'],
  };
}

/** As long as Temporal's SDK lets a workflow's task work: time of the processor, which others do not lengthen. Milliseconds. */
const BUDGET = 2_000;
/** Ends what would never end, a regular expression too; wall time. */
const BREAKER = 20_000;
const within = new Script('work()');

/** @returns milliseconds */
function timed(work: Work, text: string): number {
  const run = () => {
    try {
      work(text);
    } catch {
      // A text may be refused, at once.
    }
  };
  const before = process.cpuUsage();
  try {
    within.runInContext(createContext({ work: run }), { timeout: BREAKER });
  } catch {
    return BREAKER;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const ALL = Object.entries(WORK).flatMap(([file, works]) =>
  works.map((work, index) => ({ name: `${file} ${index}`, work })),
);

/** @returns what took too long */
const slow = (text: string): string[] =>
  ALL.flatMap(({ name, work }) => {
    const time = timed(work, text);
    return time > BUDGET ? [`${name}: ${Math.round(time)} ms`] : [];
  });

const filled = (length: number, [head, unit, tail]: readonly [string, string, string]): string =>
  head + unit.repeat(Math.ceil((length - head.length - tail.length) / unit.length)) + tail;

/** Where the square of it would be longer than anybody waits. */
const LENGTH = 100_000;

const UNITS = [
  ...[
    ' ',
    '\t',
    '\n',
    '\r',
    '\u2028',
    '"',
    "'",
    '`',
    '[',
    '(',
    '{',
    '{a',
    '<',
    '>',
    '\\',
    '|',
    '.',
    '-',
    '_',
    ':',
    '#',
  ],
  ...[
    'a',
    '1',
    '1m',
    '1.',
    'é',
    '🙂',
    '\ud800',
    '\udc00',
    '\u0000',
    '\u001b',
    '\u001b[',
    '\u001b]',
    '\u009b',
    '\u202e',
  ],
  ...[': [', ' #', '. ', ', ', '://', 'www.', '{"a":', '[]', '[a', 'a\n', 'a (head)\n', '(head) (', 'Rev: a\n', 'WARN'],
  ...['level ', 'a:1: ', 'Running upgrade ', 'op.drop_table(', 'revision = ', '"a", ', '<!-- surefoot:report {'],
];
const HEADS = ['', 'a', '1', ' ', '"', ': [', 'FAILED', '<script type="application/json" id="surefoot-report">'];
const TAILS = ['', '!', '\n', '\u2028x', '"', ']', ' x'];

const [head, unit, tail] = [HEADS, UNITS, TAILS].map((parts) => fc.constantFrom(...parts)) as [
  ...[fc.Arbitrary<string>, fc.Arbitrary<string>, fc.Arbitrary<string>],
];
const units = fc.array(unit, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));

test('no text makes what works on it in a workflow or a report take longer than a task may', () => {
  fc.assert(
    fc.property(head, units, tail, (...parts) => {
      expect(slow(filled(LENGTH, parts))).toEqual([]);
    }),
    { numRuns: 20, endOnFailure: true },
  );
}, 120_000);

test.each(UNITS)(
  'no text of %j alone does',
  (each) => {
    expect(slow(filled(LENGTH, ['', each, '!']))).toEqual([]);
  },
  120_000,
);

test.each([
  ['spaces', ' '],
  ['quotation marks', '"'],
  ['brackets within brackets', '['],
  ['one long line of words', 'word '],
  ['empty lines', '\n'],
  ['halves of characters', '\ud800'],
])(
  'nor do 2 MB of %s',
  (_, each) => {
    expect(slow(filled(2_000_000, ['', each, '!']))).toEqual([]);
  },
  120_000,
);

test('what works on texts in workflows and reports is all tried', () => {
  const files = ['contract', 'domain', 'report', 'workflows'].flatMap((folder) =>
    readdirSync(join('src', folder), { recursive: true, encoding: 'utf8' })
      .map((file) => `${folder}/${file}`)
      .filter((file) => file.endsWith('.ts')),
  );
  const worksOnTexts = files.filter((file) => TEXT_WORK.test(withoutComments(readFileSync(join('src', file), 'utf8'))));
  expect(worksOnTexts.filter((file) => !(file in WORK) && !OF_OUR_OWN.includes(file))).toEqual([]);
  expect(worksOnTexts.length).toBeGreaterThan(30);
});

/** A regular expression, or what walks through a text. */
const TEXT_WORK =
  /[\s(](?<![\w)\]] )\/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*[.,;)\s]|new RegExp|RE2JS|\.split\(|replaceAll\(/;
const withoutComments = (source: string): string => source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
