/** Which release is meant: what the command line says of it, and what is found out where the plan leaves it open. */
import { type Command, InvalidArgumentError } from 'commander';
import {
  openValues,
  RELEASE_VALUES,
  type ReleaseValue,
  type ReleaseValues,
} from '../../contract/plan/release-values.js';
import { parseDuration } from '../../domain/duration.js';
import { releaseName } from '../../plan/core/basics.js';
import { type LoadedPlan, type LoadOptions, loadPlan } from '../../plan/load.js';
import type { FoundValue } from '../../releases/find-release.js';
import { usageError } from '../../temporal/errors.js';
import pc from '../terminal/colors.js';

/** The options by which the values that a plan leaves open are said. */
export const withReleaseOptions = (command: Command): Command =>
  command
    .option('--target <VERSION>', 'what is deployed, where the plan leaves it open', asVersion)
    .option('--previous <VERSION>', 'what production runs until then (default: what it says it runs)', asVersion)
    .option('--revision <REVISION>', 'where the migration goes (default: the newest of the target’s own)', asVersion)
    .option('--branch <BRANCH>', 'the branch that must have been merged', asVersion);

export interface AgreedOptions extends ReleaseValues {
  bindings?: string;
  shorten?: Record<string, number>;
}

/** The options by which it is said what exactly is agreed on: each of them changes the plan's digest. */
export const withAgreedOptions = (command: Command): Command =>
  withReleaseOptions(command)
    .option('--bindings <FILE>', 'other hosts, credentials and folders for the same plan')
    .option('--shorten <WATCH=DURATION>', 'a shorter soak or watch, as far as the plan allows it; repeatable', shorten);

function shorten(text: string, earlier: Record<string, number> = {}): Record<string, number> {
  const [watch, duration = ''] = text.split('=', 2);
  const milliseconds = parseDuration(duration);
  if (!watch || milliseconds === undefined) {
    throw new InvalidArgumentError('Write it as watch=duration, for example soak=2h or watch-5m=30s.');
  }
  return { ...earlier, [watch]: milliseconds };
}

/** What is wrong with a release from the command line: it becomes an argument of commands, as one in a plan does. */
export const versionProblem = (text: string): string | undefined =>
  releaseName().safeParse(text).error?.issues[0]?.message;

function asVersion(text: string): string {
  const problem = versionProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(`${problem}.`);
  return text;
}

/** What was said, out of all the options of a command. */
export const saidOf = (options: ReleaseValues): ReleaseValues =>
  Object.fromEntries(
    RELEASE_VALUES.flatMap((value) => (options[value] === undefined ? [] : [[value, options[value]]])),
  );

export interface ReleasedPlan {
  plan: LoadedPlan;
  /** What nobody had said, found out or not. */
  found: FoundValue[];
}

/**
 * Loads a plan with what is said of its release, and with what can be found out besides.
 * @param production whether production is asked, too
 * @throws PlanError
 */
export async function loadReleased(
  file: string,
  { production, ...options }: LoadOptions & { production: boolean },
): Promise<ReleasedPlan> {
  const asSaid = loadPlan(file, options);
  if (openValues(asSaid.resolved).length === 0) return { plan: asSaid, found: [] };
  const { findRelease } = await import('../../releases/find-release.js');
  const found = await findRelease(asSaid.resolved, { production, signal: new AbortController().signal });
  const values = found.flatMap((each) => ('value' in each ? [[each.name, each.value]] : []));
  const release: ReleaseValues = { ...options.release, ...Object.fromEntries(values) };
  return { plan: loadPlan(file, { ...options, release }), found };
}

/** What is not known, with the reason. */
export const unknownOf = (found: readonly FoundValue[]): { name: ReleaseValue; unknown: string }[] =>
  found.flatMap((each) => ('unknown' in each ? [each] : []));

const SAID_AS: Record<ReleaseValue, string> = {
  branch: 'BRANCH',
  target: 'VERSION',
  previous: 'VERSION',
  revision: 'REVISION',
};

/** @throws CliError where anything is open: nothing is agreed on that is not known */
export function checkKnown({ found }: ReleasedPlan, outcome: string): void {
  const unknown = unknownOf(found);
  if (unknown.length === 0) return;
  throw usageError(
    `What is deployed is not known, and ${outcome}:\n${foundText(found)}`,
    `Add ${unknown.map(({ name }) => `--${name} ${SAID_AS[name]}`).join(' ')}.`,
  );
}

/** A line for each value that was looked for. */
export const foundText = (found: readonly FoundValue[]): string =>
  found
    .map((each) => {
      const said = 'value' in each ? `${each.value} ${each.from}` : `${pc.yellow('not known')}: ${each.unknown}`;
      return `  ${each.name.padEnd(9)} ${said}`;
    })
    .join('\n');

/** Only of a plan that leaves nothing open can a digest be agreed on. */
export const agreedDigest = ({ resolved, digest }: LoadedPlan): string | null =>
  openValues(resolved).length === 0 ? digest : null;
