/** What of a report that was tampered with is found, and what a deployment that has gone on may have changed. */
import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import { renderChecklist } from '../../../src/report/checklist/checklist.js';
import { compareChecklists } from '../../../src/report/checklist/compare-checklists.js';
import { compareContents, jsonDifferences } from '../../../src/report/content/compare.js';
import { contentOf, hashOfContent, type ReportContent } from '../../../src/report/content/document.js';
import type { Gathered } from '../../../src/report/history/gather.js';
import { readReport } from '../../../src/report/verify.js';
import { gatheredWith, goodSteps, plan, reportWith } from '../reports.js';

const steps = goodSteps();
const ended = contentOf(gatheredWith());
const copy = (content: ReportContent): ReportContent => structuredClone(content);
const item = (content: ReportContent, id: string) =>
  content.items.find((one) => one.id === id) as ReportContent['items'][number];
const step = (content: ReportContent, id: string) =>
  content.steps.find((one) => one.id === id) as ReportContent['steps'][number];
const told = (file: ReportContent, now = ended) => compareContents(file, now, plan).map(({ where }) => where);

describe('the report of a deployment that has ended', () => {
  test('is what the history says', () => {
    expect(told(copy(ended))).toEqual([]);
  });

  test.each<[string, (file: ReportContent) => void, string[]]>([
    ['an item', (file) => Object.assign(item(file, '1.1.2'), { state: 'failed' }), ['items[1.1.2].state']],
    ['an item that is left out', (file) => file.items.splice(0, 1), ['items[0.1.1]']],
    [
      'a fact',
      (file) => Object.assign(step(file, 'staging.deploy').facts[0] ?? {}, { ok: false }),
      ['steps[staging.deploy].facts[ran].ok'],
    ],
    [
      'a sign-off',
      (file) => file.approvals.push({ role: 'devops', who: 'eve', at: 1, digest: 'a' }),
      ['approvals[devops]'],
    ],
    ['who signed', (file) => Object.assign(file.approvals[0] ?? {}, { who: 'eve' }), ['approvals[qa].who']],
    [
      'a hash of evidence',
      (file) => Object.assign(file.evidence[0] ?? {}, { sha256: '0' }),
      [`evidence[${ended.evidence[0]?.path}].sha256`],
    ],
    ['the run', (file) => Object.assign(file, { runId: 'other' }), ['runId']],
    ['the outcome', (file) => Object.assign(file, { outcome: 'aborted' }), ['outcome']],
    ['that it goes on', (file) => Object.assign(file, { status: 'running', outcome: null, steps: [] }), ['items']],
  ])('%s is told when it was edited, and changes the hash', (_, edit, where) => {
    const file = copy(ended);
    edit(file);
    expect(hashOfContent(file)).not.toBe(hashOfContent(ended));
    const found = told(file);
    expect(found.length).toBeGreaterThan(0);
    for (const each of where)
      expect(
        found.some((one) => one.startsWith(each)),
        found.join(),
      ).toBe(true);
  });
});

describe('the report of a deployment that has gone on since', () => {
  const upTo = (id: string) => steps.slice(0, steps.findIndex((one) => one.id === id) + 1);
  const going = (of: Ledger['steps'], more: Partial<Ledger> = {}): ReportContent =>
    contentOf(
      gatheredWith(
        { steps: of, outcome: undefined, reason: undefined, endedAt: undefined, phase: 'soak', ...more },
        plan,
        {
          status: 'RUNNING',
        } satisfies Partial<Gathered>,
      ),
    );
  const then = going(upTo('staging.indexes'));

  test('is right when what was unknown is known by now', () => {
    expect(item(then, '4.3.1').state).toBe('unknown');
    expect(told(copy(then), ended)).toEqual([]);
    expect(told(copy(then), going(upTo('soak')))).toEqual([]);
  });

  test('is right when a step that had failed was run again, or skipped', () => {
    const failed = steps.map((one) =>
      one.id === 'staging.deploy'
        ? { ...one, state: 'failed' as const, facts: [{ name: 'ran', ok: false, text: 'exit 1' }] }
        : one,
    );
    const again = steps.map((one) => (one.id === 'staging.deploy' ? { ...one, generation: 2 } : one));
    const by = { who: 'diego.alves', role: 'devops', why: 'known' };
    const skipped = failed.map((one) =>
      one.id === 'staging.deploy'
        ? { ...one, state: 'skipped' as const, skippedBy: by, facts: one.facts.map((fact) => ({ ...fact, by })) }
        : one,
    );
    for (const now of [again, skipped])
      expect(told(going(failed), contentOf(gatheredWith({ steps: now })))).toEqual([]);
  });

  test.each<[string, (file: ReportContent) => void]>([
    ['a box ticked too early', (file) => Object.assign(item(file, '4.3.1'), { state: 'passed', text: 'P95 is well' })],
    ['an item that had failed', (file) => Object.assign(item(file, '1.1.2'), { state: 'failed' })],
    ['a step that is claimed to be under way', (file) => Object.assign(item(file, '1.1.1'), { text: 'other words' })],
    ['a run that there never was', (file) => Object.assign(step(file, 'staging.deploy'), { generation: 5 })],
    [
      'a decision',
      (file) =>
        file.decisions.push({
          kind: 'approve',
          who: 'eve',
          role: 'qa',
          at: 1,
          via: 'signal',
          accepted: true,
          reason: '',
        }),
    ],
  ])('%s is told', (_, edit) => {
    const file = copy(then);
    edit(file);
    expect(told(file, going(upTo('staging.functional')))).not.toEqual([]);
  });
});

describe('a filled-in checklist', () => {
  const report = reportWith();
  const text = renderChecklist(report, plan);
  const strict = { plan, isLenient: false, goneOn: false };
  const found = (file: string, how = strict) => compareChecklists(file, report, how);

  test('is what the history gives, whatever stands at its very end', () => {
    expect(found(text)).toEqual([]);
    expect(found(`${text}\n\n`)).toEqual([]);
  });

  test('a box that somebody has ticked is told with what the history says', () => {
    const edited = text.replace('- [ ] Serviços reiniciados com sucesso', '- [x] Serviços reiniciados com sucesso');
    expect(found(edited)).toMatchObject([
      {
        where: expect.stringMatching(/^box 3\.8\.1 \(line \d+\)$/),
        text: expect.stringContaining('is ticked in the file, and not ticked by the history (notApplicable'),
      },
    ]);
  });

  test('so are a box that was cleared, words below a box, words of the document, and a signature', () => {
    for (const [from, to] of [
      ['- [x] Deploy concluído sem erros', '- [ ] Deploy concluído sem erros'],
      ['staging.deploy/1/report.json', 'staging.deploy/1/rapport.json'],
      ['Tempo estimado**: 2-5 minutos', 'Tempo estimado**: 2-50 minutos'],
      ['DevOps: (sem aprovação)', 'DevOps: Diego Alves'],
      [report.runId, '0190bbbb-0000-7000-8000-000000000002'],
    ] as const) {
      expect(text).toContain(from);
      expect(found(text.replace(from, to)), from).toHaveLength(1);
    }
  });

  test('a box that was taken out, or added, is told', () => {
    expect(found(text.replace('- [x] Deploy concluído sem erros\n', ''))).toMatchObject([
      { text: '116 boxes in the file, 117 by the history' },
    ]);
  });

  test('a file that nobody could read is told as well', () => {
    expect(found(text + '> '.repeat(40_000))).toMatchObject([{ text: 'nested too deeply in the file to be read' }]);
  });

  test('made while the deployment went on, a box that was unknown may be ticked by now, and no other', () => {
    const before = renderChecklist(reportWith({ steps: steps.slice(0, 10) }), plan);
    const goneOn = { plan, isLenient: true, goneOn: true };
    expect(found(before, goneOn)).toEqual([]);
    const early = before.replace('- [ ] Latência média mantida < 1s', '- [x] Latência média mantida < 1s');
    expect(compareChecklists(early, reportWith({ steps: steps.slice(0, 12) }), goneOn)).toHaveLength(1);
  });
});

describe('a file', () => {
  test('is known by what is in it', () => {
    const report = reportWith();
    expect(readReport(renderChecklist(report, plan), 'f').format).toBe('checklist');
    expect(readReport(JSON.stringify(report), 'f').format).toBe('json');
  });

  test.each([
    ['', 'nothing'],
    ['# a document', 'a document'],
    ['{"version": 1}', 'some JSON'],
    ['null', 'null'],
  ])('%j is no report', (text) => {
    expect(() => readReport(text, 'f.md')).toThrow('f.md is no report that can be read');
  });
});

test('where two values differ is told by names', () => {
  const [one] = jsonDifferences({ a: [{ id: 'x', b: [1, 2] }] }, { a: [{ id: 'x', b: [1, 3] }] }, '');
  expect(one).toMatchObject({ where: 'a[x].b[1]', text: '2 in the file, 3 by the history' });
});
