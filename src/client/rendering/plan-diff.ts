/** What two plans differ in, as a person reads it. Values stand as the plan is resolved. */
import type { PlanComparison } from '../../plan/diff/compare-plans.js';
import type { Difference } from '../../plan/diff/differences.js';
import type { Colors } from './marks.js';

export function renderComparison({ general, steps }: PlanComparison, colors: Colors): string {
  const lines: string[] = [];
  if (general.length > 0)
    lines.push(colors.bold('the whole deployment'), ...general.map((each) => `    ${inWords(each, colors)}`));
  let phase = '';
  for (const step of steps) {
    if (step.phase !== phase) lines.push('', colors.bold(step.phase));
    phase = step.phase;
    lines.push(`  ${marks(colors)[step.change]} ${colors.bold(step.id)}: ${step.title}`);
    lines.push(...step.differences.map((each) => `      ${inWords(each, colors)}`));
  }
  return (lines[0] === '' ? lines.slice(1) : lines).join('\n');
}

const marks = ({ green, red, yellow }: Colors) => ({ added: green('+'), removed: red('-'), changed: yellow('~') });

function inWords({ path, before, after }: Difference, { red, green }: Colors): string {
  const isText = typeof before === 'string' && typeof after === 'string';
  const from = isText ? commonLength(before, after) : 0;
  return `${path}: ${red(shown(before, from))} → ${green(shown(after, from))}`;
}

/** Texts longer than this are shown from where they part. */
const LONGEST = 200;
/** What is shown before that. */
const CONTEXT = 20;

function shown(value: unknown, from: number): string {
  if (value === undefined) return 'not there';
  if (typeof value !== 'string' || value.length <= LONGEST) return JSON.stringify(value);
  const start = Math.max(0, from - CONTEXT);
  const part = value.slice(start, start + LONGEST);
  const isCut = start + LONGEST < value.length;
  return `${start > 0 ? '…' : ''}${JSON.stringify(part)}${isCut ? '…' : ''} (${value.length} characters)`;
}

function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
