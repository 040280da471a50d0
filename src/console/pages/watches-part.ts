/** What is watched: verdicts against thresholds, and the metrics of the watch that runs, drawn. Pure. */

import { formatDuration } from '../../domain/duration.js';
import type { WatchRecord } from '../../domain/ledger/ledger.js';
import { rounded } from '../../domain/rounded.js';
import type { CriterionResult } from '../../domain/watch/criteria.js';
import { hasEnded, standingOf } from '../../domain/watch/standing.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import { drawPlot } from '../../report/html/plot.js';
import type { DeploymentLook } from '../look.js';
import { deploymentHead } from './deployment-head.js';
import { type PageAsking, type PageContent, universalTime } from './frame.js';
import { countdown, deploymentPath, listOf, part } from './parts.js';

/** Of drawings that are one of many things on their page. */
const SMALL = 90;

export function watchesPart(look: DeploymentLook, asking: PageAsking): Markup | undefined {
  const { ledger } = look;
  if (ledger.monitors.length === 0) return undefined;
  const shown = ledger.monitors.map((record, index) => {
    const isLast = index === ledger.monitors.length - 1;
    return html`${watchHead(record, look, asking)}${criteria(record.criteria, asking)}${isLast ? plots(look, { index, columns: SMALL, asking }) : undefined}<p><a href="${deploymentPath(ledger.deployment, 'watches', String(index + 1))}">${asking.words.deployment.allPlots}</a></p>`;
  });
  return part('watches', asking.words.deployment.watches, listOf(shown, 'cards'));
}

/** One watch, with all that is drawn of it. @param number counted from 1 */
export function watchPage(look: DeploymentLook, number: number, asking: PageAsking): PageContent | undefined {
  const record = look.ledger.monitors[number - 1];
  if (!record) return undefined;
  const main = html`${deploymentHead(look)}
<h2>${asking.words.deployment.watches}</h2>
${watchHead(record, look, asking)}
${criteria(record.criteria, asking)}
${plots(look, { index: number - 1, asking })}`;
  return { title: `${record.title}: ${look.ledger.deployment}`, main };
}

function watchHead(record: WatchRecord, look: DeploymentLook, asking: PageAsking): Markup {
  const { words, now } = asking;
  const { title, startedAt, samples, ticks, endsAt } = record;
  const standing = standingOf(record, hasEnded(look.ledger) || !look.found.running);
  const state = standing === 'stopped' ? 'unknown' : standing;
  // In virtual time the watch's own clock runs ahead of the reader's.
  const left = look.inVirtualTime
    ? html`${formatDuration(Math.max((endsAt ?? 0) - (record.now ?? 0), 0))}`
    : countdown(endsAt ?? now, now);
  const toGo = standing === 'running' && endsAt !== undefined ? html`, ${words.deployment.toGo} ${left}` : undefined;
  return html`<h3><span lang="${look.planned?.plan.language ?? 'en'}">${title}</span>: <span class="${state}">${words.standings[standing]}</span></h3><p class="soft">${universalTime(startedAt)}, ${words.deployment.seen(samples, ticks)}${toGo}</p>`;
}

/** What is not well comes first. */
function criteria(results: readonly CriterionResult[], { words }: PageAsking): Markup {
  const rank = ({ verdict }: CriterionResult) => ['breached', 'unknown', 'healthy'].indexOf(verdict);
  const sorted = [...results].sort((one, other) => rank(one) - rank(other));
  const each = ({ title, rule, verdict, worst, unit, reason }: CriterionResult) => {
    const value = worst === undefined ? words.deployment.noValue : words.deployment.worst(`${rounded(worst)} ${unit}`);
    return html`<span class="${verdict}">${words.standings[verdict]}</span> <span>${title} (${rule})</span> <span class="soft">${value}${reason === undefined ? undefined : html`; <span lang="en">${reason}</span>`}</span>`;
  };
  return listOf(sorted.map(each));
}

function plots(
  look: DeploymentLook,
  { index, columns, asking }: { index: number; columns?: number; asking: PageAsking },
): Markup | undefined {
  const watch = look.planned?.view.watches[index];
  if (!watch) return undefined;
  const why =
    watch.note === undefined ? undefined : html`<p class="note">${asking.words.deployment.noPlots(watch.note)}</p>`;
  return html`${why}<div class="plots" lang="en">
${lines(watch.plots.map((plot) => drawPlot({ ...plot, ...(columns === undefined ? {} : { columns }) })))}
</div>`;
}
