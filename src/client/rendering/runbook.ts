/** A plan's runbook, as a person reads it: every step with its time, what it establishes, and who is asked. */
import { watchesOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { type RunbookStep, runbookOf } from '../../contract/runbook.js';
import { timelineOf } from '../../contract/timeline.js';
import { formatDuration } from '../../domain/duration.js';
import type { Criterion } from '../../domain/watch/criteria.js';
import type { Colors } from './marks.js';

export interface ShownStep extends Omit<RunbookStep, 'facts' | 'usually' | 'window'> {
  /** The earliest time at which it begins: people and windows take theirs. */
  afterSeconds: number;
  usuallySeconds: number;
  /** What it establishes, and the boxes that rest on it. */
  facts: { name: string; boxes: string[] }[];
  /** What silence means to the criteria of a watch, where it is one. */
  silence?: Silence[];
}

type Silence = Pick<Criterion, 'id' | 'noData' | 'notANumber' | 'providerError' | 'minimumSamples'>;

export function shownSteps(plan: ResolvedPlan): ShownStep[] {
  const timeline = timelineOf(plan);
  return runbookOf(plan).map(({ facts, usually, window: _, ...step }) => ({
    ...step,
    afterSeconds: Math.round((timeline.get(step.id)?.after ?? 0) / 1_000),
    usuallySeconds: Math.round(usually / 1_000),
    facts: facts.map((name) => ({ name, boxes: boxesOf(plan, step.id, name) })),
    ...silenceOf(plan, step.id),
  }));
}

function silenceOf(plan: ResolvedPlan, step: string): { silence?: Silence[] } {
  const watch = watchesOf(plan).find(({ id }) => id === step);
  if (!watch) return {};
  const silence = watch.criteria.map(({ id, noData, notANumber, providerError, minimumSamples }) => ({
    ...{ id, noData, notANumber, providerError, minimumSamples },
  }));
  return { silence };
}

const boxesOf = ({ items }: ResolvedPlan, step: string, fact: string): string[] =>
  items.filter(({ by }) => by.some((one) => one.step === step && one.fact === fact)).map(({ id }) => id);

/** Phase by phase; two or three lines a step. */
export function renderRunbook(steps: readonly ShownStep[], colors: Colors): string {
  const lines: string[] = [];
  let phase = '';
  for (const step of steps) {
    if (step.phase !== phase) lines.push('', colors.bold(step.phase));
    phase = step.phase;
    const when = step.afterSeconds === 0 ? 'now' : `+${formatDuration(step.afterSeconds * 1_000)}`;
    const section = step.section ? ` (${step.section})` : '';
    lines.push(`  ${when.padEnd(12)} ${colors.bold(step.id)}: ${step.title}${section}`);
    lines.push(...detailsOf(step).map((text) => `  ${' '.repeat(12)} ${colors.dim(text)}`));
  }
  return lines.slice(1).join('\n');
}

function detailsOf(step: ShownStep): string[] {
  const { facts, asks = [], off, onFailure, asksWhenUnknown, skippable, silence = [] } = step;
  if (off !== undefined) return [`does not run: ${off} is off`];
  const established = facts.map(({ name, boxes }) => (boxes.length > 0 ? `${name} [${boxes.join(' ')}]` : name));
  return [
    ...(established.length > 0 ? [`facts: ${established.join(', ')}`] : []),
    ...(asks.length > 0 ? [`asks: ${asks.join(', ')}`] : []),
    ...silenceInWords(silence),
    ...(onFailure === 'ask'
      ? []
      : [`when it ${asksWhenUnknown ? 'is seen to fail' : 'fails'}, ${CONSEQUENCES[onFailure]}`]),
    ...(skippable ? [] : ['nobody can skip it']),
  ];
}

const CONSEQUENCES = { stop: 'the deployment stops', rollback: 'production is rolled back' };

/** Once for all criteria to which silence means the same. */
function silenceInWords(silence: readonly Silence[]): string[] {
  const meanings = new Map<string, string[]>();
  for (const { id, noData, notANumber, providerError, minimumSamples } of silence) {
    const told = `no data: ${noData}, not a number: ${notANumber}, error: ${providerError}, fewest samples: ${minimumSamples}`;
    meanings.set(told, [...(meanings.get(told) ?? []), id]);
  }
  return [...meanings].map(([told, ids]) => `${told} (${meanings.size === 1 ? 'all' : ids.join(', ')})`);
}
