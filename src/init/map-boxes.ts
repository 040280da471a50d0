/** Which facts the words of a box ask for. Whether the plan has them is seen when it is there. */
import {
  AS_TOOL,
  BETWEEN_CLAUSES,
  OF_PEOPLE,
  ROLE_WORDS,
  SIGN_OFF,
  TOOL_WORDS,
  WORD_RULES,
  type WordRule,
} from './box-words.js';
import { limitIn, type MetricName, metricsNamed, ruleIn } from './metric-words.js';
import { namesBoth, type PlacedBox } from './placed-boxes.js';
import type { AlertingRule } from './read-files.js';

export interface NamedAlert extends AlertingRule {
  /** Its name in the plan. */
  id: string;
}

/** What should page people is no rule over what is seen now. */
const ALERT = /\balert/;

/** Where a box says it is signed, beside the heading that does. */
const SIGNED = /sign-?(ed )?off by|approved by|aprovad[oa] por|approval from/;
/** What leads to a sign-off is none, nor is the approval of a change. */
const NO_SIGN_OFF = /\b(ask|send|tell|request|remind|book|pedir|enviar|solicitar)\b|notif|avisar|\bprs?\b|pull request/;

/** Facts that together are what a box says; none where its words say nothing that is known. */
export function wantedFacts(box: PlacedBox, alerts: readonly NamedAlert[]): string[] {
  const { says, place } = box;
  if (place === 'rollback' || namesBoth(says)) return [];
  const signed = rolesIn(box).map(({ role }) => `sign-offs/${role}`);
  if (signed.length > 0) return signed;
  if (ALERT.test(says)) return alertFacts(box, alerts);
  if (OF_PEOPLE.test(says)) return [];
  const rule = criterionOf(box);
  if (rule) return [`${rule.watch}/${rule.id}`];
  const tool = toolIn(box);
  if (tool !== undefined) return [`prerequisites.tools/tool:${tool}`];
  const settling = says
    .split(BETWEEN_CLAUSES)
    .map((clause) => WORD_RULES.filter((each) => fits(each, { clause, box })));
  if (settling.some((rules) => rules.length === 0)) return [];
  const facts = settling.flat().flatMap((each) => each.facts);
  const filled = facts.map((fact) =>
    fact.replace('{environment}', box.environment).replace('{watch}', watchOf(box)?.id ?? ''),
  );
  return [...new Set(filled)];
}

interface Clause {
  clause: string;
  box: PlacedBox;
}

function fits({ says, not, about, in: places, environment }: WordRule, { clause, box }: Clause): boolean {
  // Where no heading says when, it is before the deployment or in it: only what holds anywhere is taken.
  if (places !== undefined && (box.place === undefined || !places.includes(box.place))) return false;
  if (environment !== undefined && box.environment !== environment) return false;
  if (about !== undefined && !about.test(box.says) && !about.test(box.under)) return false;
  return says.test(clause) && !not?.test(box.says);
}

/** Who signs off by a box. */
export function rolesIn({ says, under, place }: PlacedBox): (typeof ROLE_WORDS)[number][] {
  const isSignOff = place === 'approval' && (SIGN_OFF.test(under) || SIGN_OFF.test(says));
  const isSigned = SIGNED.test(says) && place !== 'production' && place !== 'watch' && place !== 'soak';
  return (isSignOff || isSigned) && !NO_SIGN_OFF.test(says) ? ROLE_WORDS.filter(({ words }) => words.test(says)) : [];
}

export function toolIn({ says, under, place }: PlacedBox): string | undefined {
  if (place !== 'prerequisites' || !(AS_TOOL.test(says) || AS_TOOL.test(under))) return undefined;
  const named = TOOL_WORDS.filter((tool) => new RegExp(`\\b${tool}\\b`).test(says));
  return named.length === 1 ? named[0] : undefined;
}

export interface PlannedWatch {
  id: string;
  duration: string;
}

/** When a section says no time, or one that nobody stays for. */
const USUAL = { soak: '24h', watch: '1h' };
const LONGEST_HOURS = 72;

/** The soak or the watch in which a box is seen to. */
export function watchOf({ place, duration }: PlacedBox): PlannedWatch | undefined {
  if (place !== 'soak' && place !== 'watch') return undefined;
  const hours = Number.parseInt(duration ?? '', 10) * { m: 1 / 60, h: 1, d: 24 }[(duration?.at(-1) ?? 'h') as 'm'];
  const lasts = hours > 0 && hours <= LONGEST_HOURS ? (duration ?? USUAL[place]) : USUAL[place];
  return { id: place === 'soak' ? 'soak' : `watch-${lasts}`, duration: lasts };
}

export interface PlannedCriterion {
  id: string;
  watch: string;
  title: string;
  metric: MetricName;
  expect: string;
}

/** The rule over a metric that a box of the soak or of a watch states. */
export function criterionOf(box: PlacedBox): PlannedCriterion | undefined {
  const isOther = [ALERT, OF_PEOPLE, BETWEEN_CLAUSES].some((pattern) => pattern.test(box.says));
  const watch = isOther ? undefined : watchOf(box);
  const rule = watch && ruleIn(box.title);
  if (watch === undefined || rule === undefined) return undefined;
  const { metric, limit } = rule;
  const expect = `${limit.comparison} ${limit.number} ${limit.unit}`;
  return { id: `${metric}-${box.id.replaceAll('.', '-')}`, watch: watch.id, title: box.title, metric, expect };
}

/** One that is named with its limit, or all of them where the box says that they are there. */
function alertFacts(box: PlacedBox, alerts: readonly NamedAlert[]): string[] {
  const facts = (some: readonly NamedAlert[]) => some.map(({ id }) => `preparation.alerts/${id}`);
  const metrics = metricsNamed(box.title);
  if (metrics.length === 0) {
    const saysAll = /(alertas?|alerts?|alerting)\b.*(config|ativ|active|enabled|in place|\bset up\b)/.test(box.says);
    return saysAll && limitIn(box.title) === undefined ? facts(alerts) : [];
  }
  const limit = limitIn(box.title);
  const meant = alerts.filter(({ alert, expression, fires }) => {
    const isAbout = metricsNamed(`${alert} ${expression}`).some((metric) => metrics.includes(metric));
    return isAbout && limit !== undefined && isSame(fires, limit);
  });
  return metrics.length === 1 && meant.length === 1 ? facts(meant) : [];
}

/** `2 %` may be written as 2 or as 0.02 there, 3 s as 3 or as 3000. */
function isSame(fires: string, { comparison, number, unit }: NonNullable<ReturnType<typeof limitIn>>): boolean {
  const [there, value] = fires.split(' ');
  const others = { '%': [number / 100], s: [number * 1_000], ms: [number / 1_000] }[unit] ?? [];
  return there?.[0] === comparison[0] && [number, ...others].some((one) => Math.abs(one - Number(value)) < 1e-9);
}
