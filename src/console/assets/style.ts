/** The console's style: for a phone first, light and dark, on paper. Colours and drawings are the report's. */
import { COLORS, DRAWINGS } from '../../report/html/style.js';

export const CONSOLE_STYLE = `
${COLORS}
@media print { :root { color-scheme: light; --back: #fff; --text: #000; --soft: #444; --line: #bbb; --card: #fff; --good: #14703c; --bad: #b3261e; --doubt: #8a5a00; --blue: #1f5fae; }
  nav, footer, form, .button, .skip { display: none; } details > * { display: block; } details::details-content { content-visibility: visible; } figure, li, tr { break-inside: avoid; } body { font-size: 10pt; } main .plots { grid-template-columns: 1fr 1fr; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 0 1rem 3rem; max-width: 58rem; background: var(--back); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
a { color: var(--blue); text-underline-offset: .15em; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; border-radius: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -999rem; } .skip:focus { left: 1rem; top: .5rem; padding: .5rem 1rem; background: var(--back); z-index: 1; }
.top { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.25rem; padding: .75rem 0; border-bottom: 1px solid var(--line); }
.top .name { font-weight: 700; color: inherit; text-decoration: none; padding: .3rem 0; }
.top ul { display: flex; flex-wrap: wrap; gap: 0 1rem; list-style: none; margin: 0; padding: 0; }
.top li a { display: inline-block; padding: .3rem 0; } [aria-current=page] { color: inherit; font-weight: 600; text-decoration-thickness: 2px; }
.who { margin: 0 0 0 auto; display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; }
.unsigned { margin: 0; width: 100%; max-width: none; padding: .5rem .75rem; background: var(--card); border-left: 4px solid var(--doubt); font-size: .9rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1.5rem 0 .75rem; } h1 small { display: block; font-size: .9rem; font-weight: 400; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); } h3 { font-size: 1.05rem; margin: .75rem 0 .25rem; }
p { margin: .4rem 0; max-width: 70ch; }
.soft { color: var(--soft); font-size: .9rem; }
.banner { margin: 1rem 0; padding: 1rem 1.25rem; background: var(--card); border-left: 8px solid var(--soft); border-radius: 0 .5rem .5rem 0; }
.banner .state { font-size: 1.35rem; font-weight: 650; margin: 0; } .banner .next { font-size: 1.1rem; margin: .35rem 0 0; }
.banner.good { border-color: var(--good); } .banner.asks { border-color: var(--blue); } .banner.doubt { border-color: var(--doubt); } .banner.bad { border-color: var(--bad); }
.badge { font-weight: 600; } .badge.good, .good .mark { color: var(--good); } .badge.asks, .asks .mark { color: var(--blue); } .badge.doubt, .doubt .mark { color: var(--doubt); } .badge.bad, .bad .mark { color: var(--bad); } .badge.calm { color: var(--soft); }
.note { background: var(--card); border-left: 4px solid var(--doubt); padding: .5rem .75rem; margin: .75rem 0; }
.rows, .cards, .steps, .evidence, .items, .marked { list-style: none; padding: 0; margin: .5rem 0; }
.rows > li, .cards > li { padding: .75rem 0; border-bottom: 1px solid var(--line); }
.rows .head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; } .rows h2, .rows h3 { font-size: 1rem; margin: 0; padding: 0; border: 0; }
.plain { padding-left: 1.1rem; margin: .4rem 0; } .inline { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .1rem 1rem; }
.steps li, .items li, .evidence li { padding: .4rem 0; border-top: 1px solid var(--line); } .steps { margin-left: .25rem; }
.told { white-space: pre-line; }
.phase { margin: .25rem 0; padding: .3rem 0; } .ahead { padding-left: 1.1rem; color: var(--soft); } summary { cursor: pointer; font-weight: 600; padding: .2rem 0; } summary .soft { font-weight: 400; }
dl { display: grid; grid-template-columns: fit-content(40%) minmax(0, 1fr); gap: .15rem 1rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
pre { padding: .75rem; background: var(--card); white-space: pre-wrap; overflow-wrap: anywhere; }
code { font: .85em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.passed, .healthy, .attested, .accepted { color: var(--good); } .failed, .breached { color: var(--bad); font-weight: 600; } .unknown, .skipped, .running { color: var(--doubt); } .notApplicable, .undecided { color: var(--soft); }
button, .button, input, select, textarea { font: inherit; color: inherit; }
button, .button { display: inline-block; padding: .55rem 1.1rem; min-height: 2.75rem; border: 1px solid var(--blue); border-radius: .4rem; background: var(--back); color: var(--blue); font-weight: 600; text-decoration: none; cursor: pointer; }
button.goes, button:not(.stops):not(.quiet) { background: var(--blue); color: var(--back); } button.stops { background: var(--bad); border-color: var(--bad); color: var(--back); } button.quiet { border-color: var(--line); padding: .25rem .75rem; min-height: 2rem; font-weight: 400; }
label { display: block; margin: .75rem 0; } .filter { display: flex; flex-wrap: wrap; align-items: end; gap: .5rem 1rem; margin: 1.5rem 0 0; } .filter label { margin: 0; }
input:not([type=radio]), select, textarea { display: block; width: 100%; padding: .5rem; min-height: 2.75rem; background: var(--back); border: 1px solid var(--soft); border-radius: .4rem; }
fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: .25rem 1rem; } legend { font-weight: 600; padding: 0 .5rem; }
.answer { display: grid; grid-template-columns: 2rem 1fr; align-items: center; padding: .5rem 0; } .answer input { width: 1.35rem; height: 1.35rem; margin: 0; } .answer label { margin: 0; font-weight: 600; padding: .25rem 0; } .answer div { grid-column: 2; } .answer p { margin: 0; } .answer input:disabled + label { color: var(--soft); } .answer.stops label { color: var(--bad); }
form p > a, form > a { display: inline-block; padding: .3rem 0; }
/* What only one answer needs is there when that is chosen; browsers that cannot tell show all of it. */
.decide:not(:has(#answer-rollback:checked)) .of-rollback, .decide:not(:has(#answer-move:checked)) .of-move { display: none; }
#questions .button { background: var(--blue); color: var(--back); }
.pager { display: flex; gap: 1rem; } .count { font-variant-numeric: tabular-nums; white-space: nowrap; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; } .wide { overflow-x: auto; } caption { text-align: left; font-weight: 600; padding: .25rem 0; } th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem; display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 1rem; }
${DRAWINGS}
/* On a phone a row is a list of its own, and a drawing has no letters that nobody could read: what it says stands below it. */
@media screen and (max-width: 36rem) { .wide table, .wide caption, .wide tbody, .wide tr, .wide th, .wide td { display: block; } .wide thead { position: absolute; left: -999rem; }
  .wide tr { padding: .5rem 0; border-bottom: 1px solid var(--line); } .wide th, .wide td { border: 0; padding: .15rem 0; } .wide td { display: flex; justify-content: space-between; gap: 1rem; text-align: right; } .wide td::before { content: attr(data-name); color: var(--soft); text-align: left; }
  .plot .tick text, .plot .limit text { display: none; } }
.plots { grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); }
@media (prefers-reduced-motion: no-preference) { details { interpolate-size: allow-keywords; } }
`.trim();
