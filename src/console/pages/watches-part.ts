/** What is watched: verdicts against thresholds, and the metrics of the watch that runs, drawn. Pure. */

import type { WatchRecord } from '../../domain/ledger/ledger.js';
import { rounded } from '../../domain/rounded.js';
import type { CriterionResult } from '../../domain/watch/criteria.js';
import { criterionStanding, hasEnded, standingOf } from '../../domain/watch/standing.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import { drawPlot } from '../../report/html/plot.js';
import type { DeploymentLook } from '../look.js';
import { momentIn } from '../moment.js';
import { deploymentHead } from './deployment-head.js';
import { type PageAsking, type PageContent, universalTime } from './frame.js';
import { countdown, deploymentPath, listOf, part } from './parts.js';

/** Columns of all drawings of a page together, where they are one of many things on it, and where they are all of it. */
const COLUMNS = { part: 1_200, page: 2_400 };
/** Columns of one drawing, at most. */
const MOST_COLUMNS = { part: 90, page: 290 };
type Place = keyof typeof COLUMNS;

export function watchesPart(look: DeploymentLook, asking: PageAsking): Markup | undefined {
  const { ledger } = look;
  if (ledger.monitors.length === 0) return undefined;
  const shown = ledger.monitors.map((record, index) => {
    const isLast = index === ledger.monitors.length - 1;
    const isRunning = standingIn(look, record) === 'running';
    const all = judged(record, look);
    const known = isRunning ? listOf(all.map((each) => criterion(each, asking))) : summary(all, asking);
    return html`${watchHead(record, look, asking)}${known}${isLast ? plots(look, { index, place: 'part', asking }) : undefined}<p><a href="${deploymentPath(ledger.deployment, 'watches', String(index + 1))}">${asking.words.deployment.allPlots}</a></p>`;
  });
  return part('watches', asking.words.deployment.watches, listOf(shown, 'cards'));
}

/** One watch, with all that is drawn of it. @param number counted from 1 */
export function watchPage(look: DeploymentLook, number: number, asked: PageAsking): PageContent | undefined {
  const asking = momentIn(look.ledger, look.inVirtualTime, asked);
  const record = look.ledger.monitors[number - 1];
  if (!record) return undefined;
  const main = html`${deploymentHead(look)}
<h2>${asking.words.deployment.watches}</h2>
${watchHead(record, look, asking)}
${listOf(judged(record, look).map((each) => criterion(each, asking)))}
${plots(look, { index: number - 1, place: 'page', asking })}`;
  return { title: `${record.title}: ${look.ledger.deployment}`, main };
}

const standingIn = ({ ledger, found }: DeploymentLook, record: WatchRecord) =>
  standingOf(record, hasEnded(ledger) || !found.running);

function watchHead(record: WatchRecord, look: DeploymentLook, asking: PageAsking): Markup {
  const { words } = asking;
  const { title, startedAt, samples, ticks, endsAt, now } = record;
  const standing = standingIn(look, record);
  const state = standing === 'stopped' ? 'unknown' : standing;
  // In virtual time the watch's own clock runs ahead of all others.
  const moment = asking.standsStill ? { ...asking, now: now ?? asking.now } : asking;
  const toGo =
    standing === 'running' && endsAt !== undefined
      ? html`, ${words.deployment.toGo} ${countdown(endsAt, moment)}`
      : undefined;
  return html`<h3><span lang="${look.planned?.plan.language ?? 'en'}">${title}</span>: <span class="${state}">${words.standings[standing]}</span></h3><p class="soft">${universalTime(startedAt)}, ${words.deployment.seen(samples, ticks)}${toGo}</p>`;
}

/** What is not well comes first. */
const ORDER = ['breached', 'unknown', 'undecided', 'healthy'] as const;

interface Judged extends CriterionResult {
  said: (typeof ORDER)[number];
}

/** All criteria of a watch. */
function judged(record: WatchRecord, look: DeploymentLook): Judged[] {
  const standing = standingIn(look, record);
  return record.criteria
    .map((each) => ({ ...each, said: criterionStanding(each, standing) }))
    .sort((one, other) => ORDER.indexOf(one.said) - ORDER.indexOf(other.said));
}

function criterion({ title, rule, worst, unit, reason, said }: Judged, { words }: PageAsking): Markup {
  const value = worst === undefined ? words.deployment.noValue : words.deployment.worst(`${rounded(worst)} ${unit}`);
  const why = reason === undefined ? undefined : html`<span lang="en">${reason}</span>`;
  // What a trend has seen is its reason: it has no value of its own.
  const seen = worst === undefined && why ? why : html`${value}${why && html`; ${why}`}`;
  return html`<span class="${said}">${words.standings[said]}</span> <span>${title} (${rule})</span> <span class="soft">${seen}</span>`;
}

/** Of a watch that is over: how many criteria stand how, and those that are not well. */
function summary(all: readonly Judged[], asking: PageAsking): Markup {
  const counts = ORDER.flatMap((said) => {
    const count = all.filter((each) => each.said === said).length;
    return count > 0 ? [html`<span class="${said}">${asking.words.standings[said]}: ${count}</span>`] : [];
  });
  const bad = all.filter(({ said }) => said === 'breached' || said === 'unknown');
  return html`${listOf(counts, 'inline')}${bad.length > 0 ? listOf(bad.map((each) => criterion(each, asking))) : undefined}`;
}

function plots(
  look: DeploymentLook,
  { index, place, asking }: { index: number; place: Place; asking: PageAsking },
): Markup | undefined {
  const watch = look.planned?.view.watches[index];
  if (!watch) return undefined;
  const { note, plots: drawn } = watch;
  if (drawn.length === 0) {
    return note === undefined ? undefined : html`<p class="note">${asking.words.deployment.noPlots(note)}</p>`;
  }
  const columns = Math.min(MOST_COLUMNS[place], Math.floor(COLUMNS[place] / drawn.length));
  const said = note === undefined ? undefined : html`<p class="soft" lang="en">${note}</p>`;
  return html`<div class="plots">
${lines(drawn.map((plot) => drawPlot({ ...plot, columns }, asking.words.plots)))}
</div>${said}`;
}
