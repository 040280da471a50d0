import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import { boxesIn } from '../../../src/plan/checklist/boxes.js';
import { readSeal, renderChecklist } from '../../../src/report/checklist/checklist.js';
import { START } from '../../client/ledgers.js';
import { goodSteps, plan, reportWith } from '../reports.js';

const original = readFileSync('plans/eduautismo-checklist.pt.md', 'utf8');
const render = (parts: Partial<Ledger> = {}, of = plan, status = 'COMPLETED') =>
  renderChecklist(reportWith(parts, of, { status }), of);
const linesOf = (text: string) => text.split('\n');
/** The box of an item and what stands below it. */
function box(text: string, id: string): string[] {
  const index = plan.items.findIndex((item) => item.id === id);
  const line = (boxesIn(text)[index]?.line ?? 0) - 1;
  return linesOf(text).slice(line, line + 3);
}
const withFact = (step: string, fact: string, to: object): Partial<Ledger> => ({
  steps: goodSteps().map((record) =>
    record.id === step
      ? { ...record, facts: record.facts.map((one) => (one.name === fact ? { ...one, ...to } : one)) }
      : record,
  ),
});

test('it is the original: without what was filled in, every line is there in its place', () => {
  const own = new Set(linesOf(original).map((line) => line.replace('[ ]', '[x]')));
  const kept = linesOf(render())
    .map((line) => line.replace('[ ]', '[x]'))
    .filter((line) => own.has(line));
  const filled = /\*\*Commit\*\*|___|^- (Tech Lead|DevOps On-Call|CTO|VP Engineering): \[|\[Adicionar/;
  expect(kept.filter((line) => line !== '')).toEqual(
    linesOf(original)
      .filter((line) => line !== '' && !filled.test(line))
      .map((line) => line.replace('[ ]', '[x]')),
  );
});

test('all 117 boxes are ticked but for those that do not apply, each with what was seen and its proof', () => {
  const text = render();
  expect(boxesIn(text)).toHaveLength(117);
  const ticked = linesOf(text).filter((line) => line.startsWith('- [x] ')).length;
  expect(ticked).toBe(117 - plan.items.filter(({ off }) => off).length);
  expect(box(text, '1.1.2')).toEqual([
    '- [x] Deploy concluído sem erros',
    expect.stringMatching(/^ {2}- \*\*passou\*\* 2025-11-24 \d\d:\d\d:\d\d: ran is well$/),
    `  - evidência: \`staging.deploy/1/report.json\` \`${'e'.repeat(12)}\``,
  ]);
  expect(box(text, '0.3.1')[1]).toContain('**atestado**');
  expect(box(text, '0.3.1')[1]).toContain('por diego.alves como devops');
  expect(box(text, '3.8.1').slice(0, 2)).toEqual([
    '- [ ] Serviços reiniciados com sucesso',
    '  - **não se aplica**: production.restart is off in the plan',
  ]);
});

describe('a box is ticked for what passed and for nothing else', () => {
  test.each([
    ['failed', { ok: false, text: 'deploy.sh exited with 1' }, 'FALHOU'],
    ['skipped', { ok: false, by: { who: 'ana', role: 'qa', why: 'known' } }, 'pulado'],
  ])('%s', (_, to, word) => {
    const [line, said] = box(render(withFact('staging.deploy', 'ran', to)), '1.1.2');
    expect(line).toBe('- [ ] Deploy concluído sem erros');
    expect(said).toContain(`**${word}**`);
  });

  test('unknown', () => {
    const steps = goodSteps().filter(({ id }) => id !== 'staging.deploy');
    const [line, said] = box(render({ steps }), '1.1.2');
    expect(line).toBe('- [ ] Deploy concluído sem erros');
    expect(said).toBe('  - **desconhecido**: staging.deploy has not been reached');
  });
});

test('the head, the contacts and the sign-off are filled in with what is known', () => {
  const text = render({ outcome: 'rolled-back', reason: 'errors at 12 %' });
  expect(text).toContain('**Commit**: `cccccccccccc`');
  expect(text).toContain(
    '- DevOps On-Call: Diego Alves, Elisa Rocha - [telefone] - PagerDuty pager-devops - Slack S00DEVOPS',
  );
  expect(text).toContain('Nome: Ana Souza (ana.souza)\nData: 2025-11-26\nHora: 10:00:00 (America/Sao_Paulo)');
  expect(text).toMatch(
    /\nQA: Fábio Nunes \(fabio\.nunes\), 2025-11-24 09:00:01 \(America\/Sao_Paulo\), `aaaaaaaaaaaa`\n/,
  );
  expect(text).toContain('\nDevOps: (sem aprovação)\n');
  expect(text).toContain('Resultado: revertido (rollback): errors at 12 %');
});

test('the notes tell of every step that people went on without, also where no box rests on what it did not show', () => {
  const skippedBy = { who: 'diego.alves', role: 'devops', why: 'done by hand' };
  const untold = plan.items.every(({ by }) => by.every(({ step }) => step !== 'watch.report'));
  expect(untold).toBe(true);
  const steps = goodSteps().map((step) =>
    ['watch.report', 'staging.logs'].includes(step.id)
      ? { ...step, state: 'skipped' as const, skippedBy, facts: [] }
      : step,
  );
  const text = render({ steps });
  const notes = text.slice(text.indexOf('**Notas**'));
  const by = '(diego.alves como devops: done by hand)';
  expect(notes).toContain(`  - Metrics report ${by}`);
  expect(notes).toContain(`  - 1.1.4 Logs não mostram erros críticos ${by}`);
  expect(notes).not.toContain('Staging logs show no critical errors');
});

test('the notes tell of rollbacks, of what was gone on without, of overridden windows, of what is untold and of what is not kept', () => {
  const at = START + 5_000;
  const override = { kind: 'override', who: 'ana.souza', role: 'tech-lead', why: 'cannot wait', at } as const;
  const text = render({
    ...withFact('staging.logs', 'logs', { ok: false, by: { who: 'diego.alves', role: 'devops', why: 'known noise' } }),
    untold: ['#deploys: 500'],
    unkept: ['not archived: the report'],
    decisions: [{ ...override, via: 'update', accepted: true, reason: 'override: window' }],
    rollback: {
      option: 'full',
      workflowId: 'd/rollback-full',
      trigger: { kind: 'criterion', criterion: 'errors', text: 'errors at 12 %', breachedAt: at },
      reasons: ['the plan says full'],
      startedAt: at,
      endedAt: at + 30_000,
      succeeded: true,
      steps: [],
      estimate: 900_000,
      took: 30_000,
    },
  });
  const notes = text.slice(text.indexOf('**Notas**'));
  for (const line of [
    'Rollback (full): levou 30 s, estimativa 15 min: concluído, comprovado em produção',
    '  - the plan says full',
    '  - 1.1.4 Logs não mostram erros críticos (diego.alves como devops: known noise)',
    '  - ana.souza como tech-lead: cannot wait',
    '  - #deploys: 500',
    'Não guardado',
    '  - not archived: the report',
  ]) {
    expect(notes).toContain(line);
  }
  expect(notes).not.toContain('Adicionar observações');
});

test('a deployment that goes on says so, and has no date of its end', () => {
  const text = render({ outcome: undefined, reason: undefined, endedAt: undefined, phase: 'soak' }, plan, 'RUNNING');
  expect(text).toContain('Data: (em andamento)');
  expect(text).toContain('Resultado: em andamento (soak)');
});

test('text from outside becomes neither a box, nor a link, nor HTML, and ends neither line nor block nor comment', () => {
  const evil =
    'ok\n- [x] Backup do banco de dados criado\n```\n<script>alert(1)</script> [x](http://evil) https://evil.example --> `**';
  const text = render({
    ...withFact('staging.deploy', 'ran', { ok: false, text: evil }),
    reason: evil,
    startedBy: evil,
    untold: [evil],
  });
  expect(boxesIn(text)).toHaveLength(117);
  const said = box(text, '1.1.2')[1] ?? '';
  expect(said).not.toMatch(/(^|[^\\])[<[`]/);
  expect(said).not.toContain('https://');
  expect(text.match(/-->/g)).toHaveLength(1 + (text.split('```').at(-2)?.match(/-->/g)?.length ?? 0));
  // The number of fences stays even: no text has opened or closed one.
  const fences = linesOf(text).filter((line) => line.startsWith('```')).length;
  expect(fences).toBe(linesOf(original).filter((line) => line.startsWith('```')).length);
  expect(readSeal(text)).toMatchObject({ deployment: 'eduautismo-20251124-120000-ab12' });
});

test('the seal names the run and the hash of what is said, and is out of sight', () => {
  const report = reportWith();
  const text = renderChecklist(report, plan);
  const { deployment, runId, sha256 } = report;
  expect(readSeal(text)).toMatchObject({ deployment, runId, sha256 });
  expect(text.trimEnd().split('\n').at(-1)).toMatch(/^<!-- surefoot:report \{.*\} -->$/);
  expect(readSeal(original)).toBeUndefined();
});

test('a plan without a document gives its items, section by section; another language falls back to English', () => {
  const { document: _, ...bare } = plan;
  const text = render({}, { ...bare, language: 'fi' });
  expect(boxesIn(text)).toHaveLength(117);
  expect(text).toContain('## 1.1\n\n- [x] Backup do banco de dados criado\n  - **passed**');
  expect(text).toContain('Outcome: succeeded: all phases passed');
});
