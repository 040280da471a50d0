import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EvidenceReference } from '../../../src/domain/evidence.js';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import type { Sample } from '../../../src/domain/watch/criteria.js';
import { seriesLineAt } from '../../../src/domain/watch/series.js';
import { contentOf, documentOf, hashOfContent } from '../../../src/report/content/document.js';
import { clockOf } from '../../../src/report/content/times.js';
import { drawLatencies, readLatencies } from '../../../src/report/html/latencies.js';
import { html, island, link } from '../../../src/report/html/markup.js';
import { renderPage } from '../../../src/report/html/page.js';
import { drawPlot, type Plot } from '../../../src/report/html/plot.js';
import { ticks, timeTicks } from '../../../src/report/html/scale.js';
import { viewOf } from '../../../src/report/html/view.js';
import { START } from '../../client/ledgers.js';
import { gatheredWith, goodSteps, MAKING, plan, reportWith } from '../reports.js';

const NOTHING = { watches: [], loads: [], indexes: [] };
const EVIL = '</script><script>alert(1)</script><img src=x onerror="alert(2)">\'"&';
const viewOfMonitors = ({ monitors }: Pick<Ledger, 'monitors'>) => ({
  ...NOTHING,
  watches: monitors.map((monitor) => ({ monitor, plots: [] })),
});
const page = (parts: Partial<Ledger> = {}, of = plan) => renderPage(reportWith(parts, of), { plan: of, view: NOTHING });

describe('markup', () => {
  test('whatever is filled in is text, in elements and attributes alike', () => {
    expect(html`<p title="${EVIL}">${EVIL}</p>`.text).not.toMatch(/<(script|img)|onerror="/);
    expect(html`<b>${html`<i>${'<u>'}</i>`}</b>`.text).toBe('<b><i>&lt;u&gt;</i></b>');
  });

  test('data within the page cannot end its element, and comes back as it was', () => {
    const { text } = island({ reason: `${EVIL}\u2028` });
    expect(text).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(text)).toEqual({ reason: `${EVIL}\u2028` });
  });

  test('a path becomes a relative link, whatever it looks like', () => {
    expect(link('../evidence/d 1', 'load/basic-1.jsonl')).toBe('../evidence/d%201/load/basic-1.jsonl');
    expect(link('evidence', 'javascript:alert(1)')).toBe('./evidence/javascript%3Aalert(1)');
  });
});

describe('the page', () => {
  test('needs nothing from anywhere: no network, no program', () => {
    const text = page();
    expect(text).toContain('content="default-src &#39;none&#39;; style-src');
    expect(text).not.toMatch(/<(link|img|iframe|object|embed)\b|\bsrc=|url\(|@import|\bon\w+="/);
    expect(text.match(/<script[^>]*>/g)).toEqual(['<script type="application/json" id="surefoot-report">']);
    expect([...text.matchAll(/href="([^"]*)"/g)].filter(([, to]) => /^[a-z]+:|^\/\//i.test(to ?? ''))).toEqual([]);
  });

  test('says what was deployed, and the revision that its migration went to', () => {
    const { previous, target } = plan.release;
    expect(page()).toContain(`<dt>Release</dt><dd>${previous} → ${target}`);
    expect(page()).toContain(`<dt>Revision</dt><dd>${plan.migration?.revision}</dd>`);
    expect(reportWith().release).toMatchObject({ previous, target, revision: plan.migration?.revision });
  });

  test('has the report in it, with the hash of what it says', () => {
    const report = reportWith();
    const [, data = ''] = /id="surefoot-report">([^<]*)<\/script>/.exec(page()) ?? [];
    expect(JSON.parse(data)).toEqual(report);
    expect(hashOfContent(JSON.parse(data))).toBe(report.sha256);
  });

  test('tells every item with its state, and has a way to show those of one state', () => {
    const steps = goodSteps().filter(({ id }) => id !== 'staging.deploy');
    const text = page({ steps });
    expect(text.match(/<tr class="item /g)).toHaveLength(117);
    expect(text.match(/<tr class="item is-unknown"/g)).toHaveLength(1);
    expect(text).toContain('<label for="show-unknown">unknown (1)</label>');
    expect(text).toContain('.filter:has(#show-unknown:checked) tr.item:not(.is-unknown) { display: none; }');
  });

  test('tells refused decisions, and a rollback with its time against the estimate', () => {
    const refused = { kind: 'approve', who: 'eve', role: 'qa', at: START, via: 'signal', accepted: false } as const;
    const trigger = { kind: 'criterion', criterion: 'errors', text: 'errors at 12 %', breachedAt: START } as const;
    const rollback = { option: 'full', workflowId: 'w', trigger, reasons: ['the plan says full'], steps: [] } as const;
    const times = {
      startedAt: START + 2_000,
      endedAt: START + 62_000,
      took: 60_000,
      estimate: 900_000,
      succeeded: true,
    };
    const text = page({
      decisions: [{ ...refused, reason: 'eve is not on the roster' }],
      rollback: { ...rollback, ...times, reasons: [...rollback.reasons], steps: [] },
    });
    expect(text).toContain('REFUSED: eve is not on the roster');
    expect(text).toContain('took 1 min, within the estimate of 15 min');
    expect(text).toContain('the breach was at 2025-11-24 09:00:00, 2 s before');
  });

  test('tells what could not be kept in words of its own', () => {
    const text = page({ unkept: ['not archived: the history of x'] });
    expect(text).toContain('Could not be kept: not archived: the history of x');
    expect(text).not.toContain('Could not be announced');
  });

  test('tells what is going on, and what people are waited for', () => {
    const running = { outcome: undefined, reason: undefined, endedAt: undefined, phase: 'soak' } as const;
    expect(page(running)).toContain('completed in phase soak');
    const content = contentOf(gatheredWith(running, plan, { status: 'RUNNING' }));
    expect(renderPage(documentOf(content, MAKING), { plan, view: NOTHING })).toContain('in progress: soak');
  });

  test('a watch goes on while its deployment does, and was stopped where that has ended without its verdict', () => {
    const monitors = [
      { id: 'guard', workflowId: 'w', title: 'Guard', startedAt: START, ticks: 0, samples: 0, criteria: [] },
    ];
    const content = contentOf(gatheredWith({ monitors }, plan, { status: 'RUNNING' }));
    expect(renderPage(documentOf(content, MAKING), { plan, view: viewOfMonitors(content) })).toContain(
      '>Guard</span>: <span class="unknown">no verdict yet</span></h3><p>From 2025-11-24 09:00:00, going on; 0 samples in 0 ticks.',
    );
    const ended = contentOf(gatheredWith({ monitors }, plan, { status: 'TERMINATED' }));
    expect(renderPage(documentOf(ended, MAKING), { plan, view: viewOfMonitors(ended) })).toContain(
      '>Guard</span>: <span class="unknown">stopped before its end</span></h3><p>From 2025-11-24 09:00:00.</p>',
    );
  });

  test('text from outside stays text wherever it comes from', () => {
    const evil = {
      ...plan,
      title: EVIL,
      items: plan.items.map((item) => ({ ...item, title: EVIL })),
      watches: plan.watches.map((watch) => ({
        ...watch,
        title: EVIL,
        metrics: watch.metrics.map((metric) => ({ ...metric, title: EVIL, unit: EVIL })),
      })),
    };
    const steps = goodSteps().map((step) => ({
      ...step,
      title: EVIL,
      summary: EVIL,
      facts: step.facts.map((fact) => ({ ...fact, text: EVIL, by: { who: EVIL, role: EVIL, why: EVIL } })),
      evidence: [{ title: EVIL, path: `${EVIL}/x`, sha256: EVIL, bytes: 1 }],
    }));
    const decision = {
      kind: 'skip',
      who: EVIL,
      role: EVIL,
      why: EVIL,
      subject: EVIL,
      at: START,
      via: 'signal',
    } as const;
    const approvals = [{ role: EVIL, who: EVIL, at: START, digest: EVIL }];
    const text = page(
      {
        title: EVIL,
        steps,
        reason: EVIL,
        untold: [EVIL],
        unkept: [EVIL],
        startedBy: EVIL,
        decisions: [{ ...decision, accepted: false, reason: EVIL }],
        approvals,
      },
      evil,
    );
    expect(text).not.toContain('<script>alert');
    expect(text).not.toContain('<img');
    expect(text.match(/<script/g)).toHaveLength(1);
  });
});

describe('a plot', () => {
  const span = [START, START + 60 * 60_000] as const;
  const minute = (index: number) => START + index * 60_000;
  const ok = (index: number, value: number): Sample => ({ at: minute(index), kind: 'ok', value });
  const limit = { title: 'P95 < 2 s', rule: '>= 2000 ms', comparison: '>=', threshold: 2_000 } as const;
  const draw = (samples: Sample[], more: Partial<Plot> = {}) =>
    drawPlot({ id: 'p', title: 'Latência P95', unit: 'ms', span, samples, limits: [limit], clock: String, ...more })
      .text;

  test('says in words what it shows: values, limits, breaches', () => {
    const text = draw(
      Array.from({ length: 61 }, (_, index) => ok(index, index === 30 ? 2_500 : 100)),
      { limits: [{ ...limit, firedAt: minute(30) }] },
    );
    expect(text).toContain(
      '61 values, 100 to 2500 ms in 1 h; 1 values beyond a limit; P95 &lt; 2 s (breach: &gt;= 2000 ms): BREACHED at',
    );
    expect(text.match(/class="broken"/g)).toHaveLength(1);
    expect(text).toContain('class="fired"');
    expect(text).toContain('role="img" aria-labelledby="p-t p-d"');
  });

  test('leaves a gap where nobody knew, with the reason, and draws no line across it', () => {
    const known = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => ok(from + index, 100));
    const noData: Sample[] = [20, 21, 22].map((index) => ({
      at: minute(index),
      kind: 'noData',
      reason: 'no requests',
    }));
    const text = draw([
      ...known(0, 20),
      ...noData,
      ...known(23, 40),
      { at: minute(40), kind: 'error', message: 'refused' },
      ...known(41, 61),
    ]);
    expect(text.match(/class="gap"/g)).toHaveLength(2);
    expect(text).toContain('<title>no data: no requests</title>');
    expect(text.match(/<polyline class="line"/g)).toHaveLength(3);
    expect(text).toContain('4 of 61 samples without a value');
  });

  test('a source that has died leaves a gap to the end; no sample at all, nothing but a gap', () => {
    expect(draw(Array.from({ length: 20 }, (_, index) => ok(index, 100))).match(/class="gap"/g)).toHaveLength(1);
    const empty = draw([]);
    expect(empty.match(/class="gap"/g)).toHaveLength(1);
    expect(empty).toContain('no value is known');
  });

  test('a limit far above the values is told at the upper edge, infinity does not flatten them', () => {
    const text = draw([
      ...Array.from({ length: 60 }, (_, index) => ok(index, 20 + (index % 3))),
      ok(60, Number.MAX_VALUE),
    ]);
    expect(text).toContain('2000 ms ↑');
    expect(text).toContain('class="limit far"');
    expect(text).toContain('20 to 22 ms');
  });

  test('no peak is lost however many samples there are', () => {
    const many = Array.from(
      { length: 10_000 },
      (_, index): Sample => ({ at: START + index * 360, kind: 'ok', value: index === 7_777 ? 1_000 : 10 }),
    );
    const text = draw(many, { limits: [] });
    const [, points = ''] = /<polyline class="line" points="([^"]*)"/.exec(text) ?? [];
    const heights = points.split(' ').map((point) => Number(point.split(',')[1]));
    expect(points.split(' ').length).toBeLessThan(600);
    expect(Math.min(...heights)).toBeLessThan(40);
  });

  test('axes have round values', () => {
    expect(ticks(97)).toEqual([0, 50]);
    expect(ticks(0.4)).toEqual([0, 0.1, 0.2, 0.30000000000000004, 0.4]);
    expect(timeTicks([0, 24 * 3_600_000])).toEqual([0, 6, 12, 18, 24].map((hours) => hours * 3_600_000));
  });
});

describe('latencies of a load test', () => {
  const head = { test: { title: 'Teste básico', timeout: 30_000 }, columns: [] };
  const file = (samples: unknown[]) => `${[head, ...samples].map((line) => JSON.stringify(line)).join('\n')}\n`;

  test('are read as the load test counts them: what was not answered took as long as the time-out', () => {
    const read = readLatencies(
      file([
        [0, 10, 200],
        [1, 20, 500],
        [2, 29_000, 'timeout'],
      ]),
    );
    expect(read).toMatchObject({ title: 'Teste básico', latencies: [10, 20, 30_000], failed: 2 });
    expect(readLatencies('nonsense')).toBeUndefined();
  });

  test('show quantiles against their limits', () => {
    const latencies = Array.from({ length: 100 }, (_, index) => index + 1);
    const text = drawLatencies({
      id: 'l',
      title: 't',
      latencies,
      failed: 0,
      limits: [
        { q: 95, limit: 90 },
        { q: 99, limit: 5_000 },
      ],
    }).text;
    expect(text).toContain('P95 95 ms (limit 90 ms, EXCEEDED); P99 99 ms (limit 5000 ms)');
    expect(text.match(/class="bar"/g)?.length).toBeGreaterThan(10);
  });
});

describe('what is drawn from the evidence', () => {
  /** A store with these files, and what refers to them. */
  async function store(files: Record<string, string>): Promise<{ folder: string; references: EvidenceReference[] }> {
    const folder = await mkdtemp(join(tmpdir(), 'surefoot-report-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const references: EvidenceReference[] = [];
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
      const sha256 = createHash('sha256').update(text).digest('hex');
      references.push({ title: path, path, sha256, bytes: text.length });
    }
    return { folder, references };
  }
  const monitor = {
    id: 'soak',
    workflowId: 'd/soak',
    title: 'Soak',
    startedAt: START,
    endedAt: START + 600_000,
    ticks: 2,
    samples: 2,
    criteria: [],
    verdict: 'healthy' as const,
  };
  const metric = plan.soak?.metrics[0];
  const name = metric?.name ?? '';
  const line = (at: number) => seriesLineAt({ at, wall: at }, { [name]: [{ at, kind: 'ok', value: 5 }] });
  const files = {
    'series/soak.jsonl': `${line(START)}\n${line(START + 300_000)}\n${line(START + 900_000)}\n`,
    'load/basic-1.jsonl': `${JSON.stringify({ test: { title: 'Básico', timeout: 1 } })}\n[0,5,200]\n`,
    'staging.indexes/1/indexes.json': JSON.stringify({ indexes: [], plans: [] }),
  };
  const view = async (place: { folder: string; missing?: string }, references: EvidenceReference[]) => {
    const steps = goodSteps().map((step) => ({ ...step, evidence: step.id === 'soak' ? references : [] }));
    const report = reportWith({ steps, monitors: [monitor] });
    return viewOf({ report, plan, place, clock: clockOf(plan) });
  };

  test('series, load tests and index plans, within the time of the watch', async () => {
    const { folder, references } = await store(files);
    const drawn = await view({ folder }, references);
    expect(drawn.watches[0]?.plots.map(({ title, samples }) => [title, samples.length])).toEqual([[metric?.title, 2]]);
    expect(drawn.loads).toMatchObject([{ title: 'Básico', latencies: [5] }]);
    expect(drawn.indexes).toMatchObject([{ evidence: { plans: [] } }]);
  });

  test('evidence that was changed is not drawn, and neither is a path that leaves the folder', async () => {
    const { folder, references } = await store(files);
    await writeFile(join(folder, 'series/soak.jsonl'), `${line(START)}\n`);
    const elsewhere = { title: 'x', path: '../../etc/indexes.json', sha256: '', bytes: 1 };
    const drawn = await view({ folder }, [...references, elsewhere]);
    expect(drawn.watches[0]).toMatchObject({ plots: [], note: expect.stringContaining('its sha256 is') });
    expect(drawn.indexes[1]).toEqual({ note: '../../etc/indexes.json: its path leaves the evidence folder' });
  });

  test('without the folder everything else is told, with the reason', async () => {
    const drawn = await view({ folder: '/nowhere', missing: 'not on this machine' }, (await store(files)).references);
    expect(drawn.watches[0]).toMatchObject({ plots: [], note: 'not on this machine' });
    const report = reportWith({ monitors: [monitor] });
    const source = { ...report.source, evidence: { read: false, why: 'not on this machine' } };
    const text = renderPage({ ...report, source }, { plan, view: drawn });
    expect(text).toContain('Plots are left out: not on this machine');
    expect(text).toContain('<h3><span lang="pt-BR">Soak</span>');
  });
});
