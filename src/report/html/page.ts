/** The report as one page that needs nothing else: no network, no program, no font. */
import { dumpsKept, evidenceKept } from '../../contract/plan/kept.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { formatDuration } from '../../domain/duration.js';
import { ITEM_STATES } from '../../domain/items.js';
import { standingOf } from '../../domain/watch/standing.js';
import type { ReportDocument } from '../content/document.js';
import { clockOf } from '../content/times.js';
import { drawLatencies } from './latencies.js';
import { html, island, lines, Markup } from './markup.js';
import { showIndexes } from './plans.js';
import { drawPlot } from './plot.js';
import { STYLE } from './style.js';
import * as tables from './tables.js';
import { drawTimeline, latestMoment } from './timeline.js';
import type { View } from './view.js';

/** Whatever the text holds, a browser loads and runs nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const SECTIONS: Record<string, string> = {
  timeline: 'Timeline',
  items: 'Items',
  watches: 'Watches',
  loads: 'Load tests',
  indexes: 'Indexes and query plans',
  approvals: 'Sign-offs',
  decisions: 'Decisions',
  rollbacks: 'Rollbacks',
  steps: 'Steps',
  evidence: 'Evidence',
};

export function renderPage(report: ReportDocument, { plan, view }: { plan: ResolvedPlan; view: View }): string {
  const clock = clockOf(plan);
  const context: tables.TableContext = { report, clock, language: plan.language };
  const kept = [evidenceKept(plan), dumpsKept(plan)].filter(Boolean).join(', ');
  const bodies: Record<string, Markup> = {
    timeline: drawTimeline(report, clock),
    items: wide(tables.itemsTable(context)),
    watches: watches(view, context),
    loads: html`<div class="plots">${view.loads.map((load) => ('note' in load ? note(load.note) : drawLatencies(load)))}</div>`,
    indexes: lines(view.indexes.map((one) => ('note' in one ? note(one.note) : showIndexes(one.title, one.evidence)))),
    approvals: wide(tables.approvalsTable(context)),
    decisions: wide(tables.decisionsTable(context)),
    rollbacks: tables.rollbackSections(context),
    steps: wide(tables.stepsTable('Every step, with its facts', report.steps, context)),
    evidence: html`<p>Kept: ${kept}.</p>\n${wide(tables.evidenceTable(context))}`,
  };
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${report.title}: ${outcomeOf(report).text}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#items">Skip to the items</a>
<header>
${head(context)}
</header>
<nav aria-label="Sections"><ul>${Object.entries(SECTIONS).map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main>
${lines(Object.entries(SECTIONS).map(([id, title]) => html`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${title}</h2>\n${bodies[id]}\n</section>`))}
</main>
<script type="application/json" id="surefoot-report">${island(report)}</script>
</body>
</html>
`;
  return page.text;
}

function head({ report, clock, language }: tables.TableContext): Markup {
  const { release, counts, source } = report;
  const { text, state } = outcomeOf(report);
  const told = ITEM_STATES.filter((each) => counts[each] > 0).map(
    (each) => `${counts[each]} ${each === 'notApplicable' ? 'not applicable' : each}`,
  );
  const rows: [string, string][] = [
    ['Deployment', `${report.deployment} (${report.workflowId}, run ${report.runId})`],
    ['Release', `${release.previous} → ${release.target}${release.commit ? `, commit ${release.commit}` : ''}`],
    ...(release.revision === undefined ? [] : [['Revision', release.revision] as [string, string]]),
    ['Started', `${clock.stamp(report.startedAt)} by ${report.startedBy}`],
    [
      'Ended',
      report.endedAt === null
        ? 'not yet, or not by itself'
        : `${clock.stamp(report.endedAt)}, after ${formatDuration(report.endedAt - report.startedAt)}`,
    ],
    ['Items', `${counts.total}: ${told.join(', ')}`],
    ['Plan', `sha256 ${report.digest}`],
    ['Content', `sha256 ${report.sha256}`],
    ['Times', `${clock.zone}; the latest moment of this report is ${clock.stamp(latestMoment(report))}`],
    [
      'Made',
      `${new Date(report.madeAt).toISOString()} by Surefoot ${report.generator}, ${SOURCES[source.ledger]}${source.why ? ` (${source.why})` : ''}, ${source.events} events`,
    ],
  ];
  const waiting = report.questions.map(({ title }) => title);
  return html`<h1 lang="${language}">${report.title}</h1>
<p class="verdict ${state}">${text}</p>
<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
${waiting.length > 0 ? note(`Waits for people: ${waiting.join('; ')}`) : undefined}${source.evidence.why ? note(`Plots are left out: ${source.evidence.why}`) : undefined}${report.untold.map((text) => note(`Could not be announced: ${text}`))}${(report.unkept ?? []).map((text) => note(`Could not be kept: ${text}`))}`;
}

const SOURCES: Record<ReportDocument['source']['ledger'], string> = {
  result: "from the workflow's result",
  query: "from a worker's answer",
  history: 'from the history, by the workflow itself',
};

function outcomeOf({ outcome, status, phase, reason }: ReportDocument): { text: string; state: string } {
  const why = reason ? `: ${reason}` : '';
  if (outcome !== null) return { text: `${outcome}${why}`, state: outcome === 'succeeded' ? 'passed' : 'failed' };
  if (status === 'running') return { text: `in progress: ${phase}`, state: 'unknown' };
  return { text: `${status} in phase ${phase}${why}`, state: 'failed' };
}

function watches(view: View, context: tables.TableContext): Markup {
  if (view.watches.length === 0) return html`<p>Nothing has been watched yet.</p>`;
  return lines(
    view.watches.map(({ monitor, plots, note: why }) => {
      const { said, state, text } = heard(monitor, context);
      return html`<section><h3><span lang="${context.language}">${monitor.title}</span>: <span class="${state}">${said}</span></h3><p>${text}.</p>
${why ? note(why) : undefined}<div class="plots">
${lines(plots.map((plot) => drawPlot(plot)))}
</div>${wide(tables.criteriaTable('Criteria', monitor.criteria, context))}</section>`;
    }),
  );
}

/** What is said of a watch as a whole, and in what state's colour. */
function heard(
  monitor: View['watches'][number]['monitor'],
  { report, clock }: tables.TableContext,
): Record<'said' | 'state' | 'text', string> {
  const { startedAt, endedAt, samples, ticks } = monitor;
  const standing = standingOf(monitor, report.status !== 'running');
  const since = `From ${clock.stamp(startedAt)}`;
  const lasted = endedAt === undefined ? since : `${since}, for ${formatDuration(endedAt - startedAt)}`;
  // What one that was stopped had seen is not told by its record.
  if (standing === 'stopped') return { said: 'stopped before its end', state: 'unknown', text: lasted };
  const seen = `${samples} samples in ${ticks} ticks`;
  if (standing !== 'running') return { said: standing, state: standing, text: `${lasted}; ${seen}` };
  return { said: 'no verdict yet', state: 'unknown', text: `${since}, going on; ${seen}` };
}

const note = (text: string): Markup => html`<p class="note">${text}</p>\n`;
const wide = (table: Markup): Markup =>
  html`<div class="wide" tabindex="0" role="region" aria-label="table">${table}</div>`;
