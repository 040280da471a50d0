/** Plans of which parts are left out, and what their authors would do about what they are told then. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Watch } from '../../src/contract/plan/watch.js';
import { runbookOf } from '../../src/contract/runbook.js';
import type { Trend } from '../../src/domain/trends/trend.js';
import { PlanError, type Problem } from '../../src/plan/core/problems.js';
import { type LoadedPlan, loadPlan } from '../../src/plan/load.js';
import type { FinishedRun } from '../../src/rehearsal/finished.js';
import { itemsOf } from '../../src/rehearsal/finished.js';
import { happyScenario, type Scenario } from '../../src/rehearsal/scenario/scenario.js';

type Node = Record<string, unknown> | unknown[];
type Place = (string | number)[];

export const EXAMPLES = ['plans/eduautismo-performance.yaml', 'plans/orders-node.yaml'];
/** Beside the plan that names it. */
const DOCUMENTS = ['plans/eduautismo-checklist.pt.md', 'plans/orders-checklist.md'];

/** Parts of parts that a service may not have either. */
const INNER = [
  'environments.staging',
  'environments.staging.database',
  'environments.production.database',
  'environments.staging.login',
  'environments.production.login',
  'commands.logs',
  'commands.restartService',
  'commands.maintenanceOn',
  'prerequisites.minimumRows',
  'release.repository',
  'production.loadTest',
  'rollback.estimates',
];

/** Everything that can be left out of an example. */
export function partsOf(example: string): string[] {
  const value = parse(readFileSync(example, 'utf8')) as Node;
  return [...Object.keys(value), ...INNER].filter((part) => find(value, part) !== undefined);
}

/** Every part alone, then every pair of them. */
export function choicesOf(example: string): string[][] {
  const parts = partsOf(example);
  const pairs = parts.flatMap((one, index) => parts.slice(index + 1).map((other) => [one, other]));
  return [...parts.map((part) => [part]), ...pairs];
}

export interface Settled {
  /** The plan once everything has gone that had to. */
  file?: string;
  plan?: LoadedPlan;
  /** What went besides, in its order. */
  gone: string[];
  /** What every plan has to have. */
  required?: string;
}

/** Enough for a chain from a metric to its criterion, its watch, what rests on that, and its boxes. */
const MOST_ROUNDS = 40;

/**
 * Leaves parts out, and then whatever the plan is told about, until it is accepted or misses what it has to have.
 * @throws when it is told of something that is not there to be left out
 */
export function leaveOut(example: string, parts: readonly string[]): Settled {
  const value = parse(readFileSync(example, 'utf8')) as Node;
  for (const part of parts) remove(value, find(value, part));
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-left-out-'));
  for (const document of DOCUMENTS) copyFileSync(document, join(folder, basename(document)));
  const file = join(folder, 'plan.yaml');
  const gone: string[] = [];
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    writeFileSync(file, stringify(value));
    const tried = attempt(file);
    if ('resolved' in tried) return { file, plan: tried, gone };
    // All are looked up first, and the last of a list goes first: the places of the others stay as they were told.
    const places = tried.map((problem) => whatGoes(value, problem));
    const required = tried.find((_, index) => places[index]?.length === 0);
    if (required) return { gone, required: required.path };
    const each = [...new Map(places.map((place) => [JSON.stringify(place), place])).values()];
    for (const place of each.toSorted(lastFirst)) remove(value, place);
    gone.push(...each.map((place) => place.join('.')));
  }
  throw new Error(`after ${MOST_ROUNDS} rounds there is still something that has to go: ${gone.join(', ')}`);
}

function attempt(file: string): LoadedPlan | readonly Problem[] {
  try {
    return loadPlan(file);
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
}

/** What is told about goes itself; where it is missing, what it is missing in. The plan itself: nothing can go. */
function whatGoes(value: Node, { path, message }: Problem): Place {
  const isMissing = message.includes('` is missing');
  let told = isMissing ? outer(path) : path;
  // What a part has by default is told of where the part itself is written.
  while (told !== '' && find(value, told) === undefined) told = outer(told);
  const place = find(value, told);
  if (place === undefined) throw new Error(`told of what is not there: ${path}: ${message}`);
  return place;
}

const outer = (path: string): string => path.replace(/\.?[^.]*$/, '');

function lastFirst(one: Place, other: Place): number {
  const step = one.findIndex((key, index) => key !== other[index]);
  if (step < 0 || other[step] === undefined) return other.length - one.length;
  const [a, b] = [one[step], other[step]];
  return typeof a === 'number' && typeof b === 'number' ? b - a : String(b).localeCompare(String(a));
}

/** Where a path as problems write it leads; keys may hold dots themselves. */
function find(value: unknown, path: string): Place | undefined {
  if (path === '') return [];
  if (Array.isArray(value)) {
    const [whole = '', index] = /^\[(\d+)\]\.?/.exec(path) ?? [];
    if (whole === '' || !(Number(index) in value)) return undefined;
    const rest = find(value[Number(index)], path.slice(whole.length));
    return rest && [Number(index), ...rest];
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, held] of Object.entries(value)) {
    if (path !== key && !path.startsWith(`${key}.`) && !path.startsWith(`${key}[`)) continue;
    const rest = find(held, path.slice(key.length).replace(/^\./, ''));
    if (rest) return [key, ...rest];
  }
  return undefined;
}

function remove(value: Node, place: Place | undefined): void {
  const key = place?.at(-1);
  if (place === undefined || key === undefined) return;
  const holder = place
    .slice(0, -1)
    .reduce<unknown>((node, step) => (node as Record<string | number, unknown>)[step], value);
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete (holder as Record<string, unknown>)[key];
}

/** Watches of this many ticks: what is looked at here is which steps there are, not how long they last. */
const TICKS = 6;

/** A rehearsal of it in a world in which all is well, with short watches. */
export function rehearsalOf(file: string, name: string): Scenario {
  const scenario = happyScenario(file);
  const { resolved } = scenario.plan;
  const short = (watch: Watch): Watch => ({
    ...watch,
    duration: Math.min(watch.duration, TICKS * watch.tick),
    criteria: watch.criteria.map((criterion) => ({ ...criterion, minimumSamples: 1 })),
    // No plan may say so; here it stands for the samples of a day.
    trends: watch.trends.map((trend) => ({ ...trend, notEnough: 'healthy' }) as unknown as Trend),
  });
  const soak = resolved.soak && short(resolved.soak);
  const plan = { ...resolved, ...(soak ? { soak } : {}), watches: resolved.watches.map(short) };
  return { ...scenario, plan: { ...scenario.plan, resolved: plan }, name };
}

/** What is not as it should be at the end: of the outcome, of the steps, of the boxes. */
export function wrongWith(played: FinishedRun): string[] {
  const { ledger, outcome, scenario } = played;
  const steps = runbookOf(scenario.plan.resolved).filter(({ id }) => id !== 'admission');
  const seen = new Map(ledger.steps.map(({ id, state }) => [id, state]));
  const wrong = steps.flatMap(({ id, off }) => {
    const state = seen.get(id);
    if (off !== undefined) return state === undefined ? [] : [`${id} is off, and is ${state}`];
    return state === 'passed' ? [] : [`${id}: ${state ?? 'never begun'}`];
  });
  const boxes = itemsOf(played).flatMap(({ id, off, state }) => {
    const isRight = off === undefined ? state === 'passed' || state === 'attested' : state === 'notApplicable';
    return isRight ? [] : [`${id}: ${state}`];
  });
  return [...(outcome === 'succeeded' ? [] : [`${outcome}: ${ledger.reason}`]), ...wrong, ...boxes];
}
