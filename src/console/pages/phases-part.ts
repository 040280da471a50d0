/** The deployment's way, phase by phase: the present one is open, and whatever did not simply pass. Pure. */
import { runbookOf } from '../../contract/runbook.js';
import { formatDuration } from '../../domain/duration.js';
import { hasYetToBegin } from '../../domain/ledger/beginning.js';
import type { RollbackRecord, StepRecord } from '../../domain/ledger/ledger.js';
import { PHASES, type Phase } from '../../domain/steps.js';
import { hasEnded } from '../../domain/watch/standing.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import type { DeploymentLook } from '../look.js';
import type { PageAsking } from './frame.js';
import { elapsed, part } from './parts.js';

const MARKS: Record<StepRecord['state'], string> = { running: '▸', passed: '✓', failed: '✕', skipped: '»' };

/** How long steps usually take, by their IDs. */
type Usually = ReadonlyMap<string, number>;

export function phasesPart(look: DeploymentLook, asking: PageAsking): Markup {
  const { ledger, planned } = look;
  const usually = new Map(planned ? runbookOf(planned.plan).map((step) => [step.id, step.usually]) : []);
  const shown = PHASES.map((phase) => {
    const steps = ledger.steps.filter((step) => step.phase === phase);
    const isPresent = phase === ledger.phase && !hasEnded(ledger) && !hasYetToBegin(ledger);
    return phaseOf(phase, steps, { isPresent, usually, asking });
  });
  return part('phases', asking.words.deployment.phases, lines(shown));
}

interface PhaseContext {
  isPresent: boolean;
  usually: Usually;
  asking: PageAsking;
}

function phaseOf(phase: Phase, steps: readonly StepRecord[], { isPresent, usually, asking }: PhaseContext): Markup {
  const { phases, deployment } = asking.words;
  if (steps.length === 0 && !isPresent) {
    return html`<p class="phase ahead"><span aria-hidden="true">·</span> ${phases[phase]} <span class="soft">${deployment.notReached}</span></p>`;
  }
  const passed = steps.filter(({ state }) => state === 'passed').length;
  const failed = steps.some(({ state }) => state === 'failed');
  const isOpen = isPresent || passed < steps.length;
  const state = failed ? 'failed' : isPresent ? 'running' : passed < steps.length ? 'skipped' : 'passed';
  return html`<details class="phase"${isOpen ? html` open` : undefined} id="phase-${phase}"><summary><span class="${state}" aria-hidden="true">${MARKS[state]}</span> ${phases[phase]} <span class="soft">${deployment.passedOf(passed, steps.length)}</span></summary>
${stepsList(steps, { usually, asking })}
</details>`;
}

export const stepsList = (
  steps: readonly StepRecord[],
  { usually, asking }: { usually: Usually; asking: PageAsking },
): Markup =>
  html`<ol class="steps">
${lines(steps.map((step) => stepOf(step, usually.get(step.id), asking)))}
</ol>`;

function stepOf(step: StepRecord, usually: number | undefined, asking: PageAsking): Markup {
  const { words } = asking;
  const { state, title, section, startedAt, endedAt, reason, summary, progress, unknown } = step;
  const told = words.deployment;
  const isRunning = state === 'running';
  const time = isRunning
    ? html`${told.since} ${elapsed(startedAt, asking)}${usually ? html`, ${told.usually(formatDuration(usually))}` : undefined}`
    : html`${told.took(formatDuration((endedAt ?? startedAt) - startedAt))}`;
  const name = unknown ? words.standings.unknown : words.steps[state];
  const said = reason ?? (isRunning ? progress : state === 'passed' ? undefined : summary);
  return html`<li class="step-${state}"><span class="${unknown ? 'unknown' : state}"><span aria-hidden="true">${MARKS[state]}</span> ${name}</span> <span lang="en">${section ? `${section} ` : ''}${title}</span> <span class="soft">${time}</span>${said === undefined ? undefined : html`<p class="told" lang="en">${said}</p>`}</li>`;
}

/** A rollback as it goes, or went. */
export function rollbackOf(record: RollbackRecord, asking: PageAsking): Markup {
  const { option, succeeded, trigger, reasons, reason, startedAt, took, estimate, steps, progress } = record;
  const { deployment, rollbacks } = asking.words;
  const state = succeeded === undefined ? deployment.underWay : succeeded ? deployment.rolledBack : deployment.failed;
  const time =
    took === undefined
      ? html`${deployment.since} ${elapsed(startedAt, asking)}`
      : html`${deployment.took(formatDuration(took))}`;
  const usual = estimate === undefined ? undefined : html`, ${deployment.usually(formatDuration(estimate))}`;
  return html`<h3>${rollbacks[option]}: <span class="${succeeded === undefined ? 'running' : succeeded ? 'passed' : 'failed'}">${state}</span></h3>
<p class="soft">${time}${usual}</p>
<p lang="en">${[trigger.text, ...reasons, reason, progress].filter(Boolean).join('. ')}</p>
${stepsList(steps, { usually: new Map(), asking })}`;
}
