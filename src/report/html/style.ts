/** The page's only style: light and dark, on a screen and on paper. Nothing is fetched. */
import { ITEM_STATES } from '../../domain/items.js';

const filters = ITEM_STATES.map(
  (state) => `.filter:has(#show-${state}:checked) tr.item:not(.is-${state}) { display: none; }`,
).join('\n');

/** Light and dark. */
export const COLORS = `
:root { color-scheme: light dark; --back: #fff; --text: #1a1d21; --soft: #5b6470; --line: #d5dae0; --card: #f6f7f9;
  --good: #14703c; --bad: #b3261e; --doubt: #8a5a00; --blue: #1f5fae; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --text: #e6e9ec; --soft: #a3adb8; --line: #353c44; --card: #1d2126;
  --good: #64cf91; --bad: #ff8a80; --doubt: #f2bf5e; --blue: #7db4f5; } }
`.trim();

/** What is drawn. */
export const DRAWINGS = `
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: 1rem; } figure { margin: .5rem 0; } .plot { background: var(--card); padding: .5rem .75rem; } figcaption { font-weight: 600; } .seen { color: var(--soft); font-size: .8em; margin: .25rem 0 0; }
svg { width: 100%; height: auto; display: block; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); } .timeline svg text { fill: var(--text); font-size: 12px; }
.tick line { stroke: var(--line); } .line { fill: none; stroke: var(--blue); stroke-width: 1.4; } circle.line { fill: var(--blue); } .bar { fill: var(--blue); }
.limit line { stroke: var(--bad); stroke-dasharray: 5 4; } svg .limit text { fill: var(--bad); } .limit.far line { stroke-dasharray: 1 5; } .broken { fill: var(--bad); } .fired line { stroke: var(--bad); stroke-width: 1.5; } svg .fired text { fill: var(--bad); } .quantile line { stroke: var(--text); } svg .quantile text { fill: var(--text); }
.gap { fill: var(--doubt); opacity: .28; } .step { fill: var(--blue); stroke: none; } .step.passed { fill: var(--good); } .step.failed { fill: var(--bad); } .step.skipped, .step.running { fill: var(--doubt); } svg .extent { fill: var(--soft); }
`.trim();

export const STYLE = `
${COLORS}
@media print { :root { color-scheme: light; --back: #fff; --text: #000; --soft: #444; --line: #bbb; --card: #fff; --good: #14703c; --bad: #b3261e; --doubt: #8a5a00; --blue: #1f5fae; }
  .filter fieldset, nav { display: none; } .filter tr.item { display: table-row !important; } figure, tr { break-inside: avoid; } body { font-size: 9pt; } a { text-decoration: none; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 82rem; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { line-height: 1.2; margin: 0 0 .5rem; } h2 { margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line); } h3 { margin: 1.5rem 0 .5rem; } h5 { margin: .5rem 0 0; }
a { color: var(--blue); overflow-wrap: anywhere; } a:focus-visible, summary:focus-visible, input:focus-visible + label { outline: 3px solid var(--blue); outline-offset: 2px; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; }
.skip { position: absolute; left: -999rem; } .skip:focus { left: 1rem; background: var(--back); padding: .5rem; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .87em; } .wide { overflow-x: auto; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; } th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); } td ul { margin: 0; padding-left: 1rem; } td, th { overflow-wrap: break-word; } td:nth-child(3), th:first-child { min-width: 5rem; } td a, td code { overflow-wrap: anywhere; }
.items { table-layout: fixed; min-width: 66rem; } .items th:nth-child(1) { width: 4.5rem; } .items th:nth-child(2) { width: 16rem; } .items th:nth-child(3) { width: 7rem; } .items th:nth-child(5) { width: 7.5rem; } .items th:nth-child(6) { width: 18rem; }
code, pre { font: .9em/1.4 ui-monospace, monospace; } pre { background: var(--card); padding: .5rem; overflow-x: auto; white-space: pre-wrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.verdict { font-size: 1.15rem; font-weight: 600; padding: .75rem 1rem; background: var(--card); border-left: 6px solid var(--soft); }
.verdict.passed { border-color: var(--good); } .verdict.failed { border-color: var(--bad); } .verdict.unknown { border-color: var(--doubt); }
.passed, .healthy, .attested, .accepted { color: var(--good); } .failed, .breached { color: var(--bad); font-weight: 600; } .unknown, .skipped, .running { color: var(--doubt); } .notApplicable { color: var(--soft); }
.verdict.passed, .verdict.failed, .verdict.unknown { color: inherit; }
.note { background: var(--card); border-left: 4px solid var(--doubt); padding: .5rem .75rem; }
fieldset { border: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .4rem; } .filter input { position: absolute; opacity: 0; } .filter label { border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .7rem; cursor: pointer; } .filter input:checked + label { background: var(--text); color: var(--back); }
${filters}
${DRAWINGS}
`.trim();
