import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { betweenOf, watchesOf } from '../../contract/plan/parts.js';
import { type ReleaseValues, releaseText } from '../../contract/plan/release-values.js';
import { betweenBoth } from '../../domain/rollback/between.js';
import { formatProblems, PlanError, type Problem } from '../../plan/core/problems.js';
import { comparePlans } from '../../plan/diff/compare-plans.js';
import { type LoadedPlan, type LoadOptions, loadPlan } from '../../plan/load.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import { renderCommands, shownCommands } from '../rendering/plan-commands.js';
import { renderComparison } from '../rendering/plan-diff.js';
import { renderRunbook, shownSteps } from '../rendering/runbook.js';
import pc from '../terminal/colors.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import {
  agreedDigest,
  foundText,
  loadReleased,
  type ReleasedPlan,
  saidOf,
  unknownOf,
  versionProblem,
  withAgreedOptions,
  withReleaseOptions,
} from './release-options.js';

export function definePlan(plan: Command): void {
  const check = plan
    .command('check')
    .description('check a plan and say what it comes to')
    .argument('<PLAN>', 'the plan file');
  withReleaseOptions(check)
    .option('--bindings <FILE>', 'other hosts, credentials and folders for the same plan')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot plan check plans/eduautismo-performance.yaml')
    .action(exiting(checkPlan));
  const show = plan
    .command('show')
    .description('the runbook of a plan: every step with its time, facts, boxes, and who is asked')
    .argument('<PLAN>', 'the plan file');
  withReleaseOptions(show)
    .option('--bindings <FILE>', 'other hosts, credentials and folders for the same plan')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot plan show plans/eduautismo-performance.yaml')
    .action(exiting(showPlan));
  plan
    .command('diff')
    .description('what two plans, or two releases by a plan, differ in, step by step')
    .argument('<BEFORE>', 'a plan file, or PLAN@TARGET where the plan leaves open what is deployed')
    .argument('<AFTER>', 'another')
    .option('--bindings <FILE>', 'other hosts, credentials and folders for both')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nExit code 1: they differ. Values are those of the resolved plan: durations in milliseconds.',
        '\nExample:\n  $ surefoot plan diff plans/eduautismo-performance.yaml ../next/eduautismo-performance.yaml',
        '  $ surefoot plan diff orders.yaml@v5.0.0 orders.yaml@v5.1.0',
      ].join('\n'),
    )
    .action(exiting(diffPlans));
  const sign = plan
    .command('sign')
    .description('stand for a plan with your own key, for workers whose policy names who does')
    .argument('<PLAN>', 'the plan file, as it is to be started: with the same options');
  withAgreedOptions(sign)
    .requiredOption('--as <WHO>', 'who signs it, as the policy spells it')
    .requiredOption('--role <ROLE>', 'the role in which this person signs plans')
    .requiredOption('--sign <KEY>', 'the SSH key')
    .option('--out <FILE>', 'write it there (default: stdout)')
    .addHelpText(
      'after',
      [
        '\nIt counts for any start of this very plan, by whoever may start it, for 30 days.',
        '\nExample:',
        '  $ surefoot plan sign orders.yaml --target v5.1.0 --as rita.lopes --role architect --sign ~/.ssh/id_ed25519 --out signed.json',
        '  $ surefoot start orders.yaml --target v5.1.0 --as maya --sign ~/.ssh/id_ed25519 --signed-plan signed.json',
      ].join('\n'),
    )
    // What it takes to sign is loaded for this only.
    .action(exiting(async (file: string, options) => (await import('./trust/signed-plan.js')).signPlan(file, options)));
}

interface PlanOptions extends ReleaseValues {
  bindings?: string;
  json?: boolean;
}

async function showPlan(file: string, options: PlanOptions): Promise<number> {
  const { bindings } = options;
  const { plan, found } = await loadReleased(file, { bindings, release: saidOf(options), production: false });
  const { resolved, included } = plan;
  const { service, release } = resolved;
  const digest = agreedDigest(plan);
  const steps = shownSteps(resolved);
  const commands = shownCommands(resolved);
  if (options.json) {
    printJson({ service, release, unknown: unknownOf(found), digest, included, steps, commands });
    return EXIT.good;
  }
  print(`${pc.bold(service)}: ${release.previous} → ${release.target}, ${digestText(digest)}`);
  if (found.length > 0) print(foundText(found));
  if (included.length > 0) print(`Includes ${included.join(', ')}.`);
  print('Times are the earliest: people and windows take theirs. [1.1.1] is a box that rests on the fact before it.\n');
  print(renderRunbook(steps, pc));
  print(`\n${renderCommands(commands, resolved, pc)}`);
  return EXIT.good;
}

async function checkPlan(file: string, options: PlanOptions): Promise<number> {
  const { bindings } = options;
  const outcome = await tryReleased(file, { bindings, release: saidOf(options), production: false });
  if (outcome instanceof PlanError) {
    const { problems } = outcome;
    if (options.json) printJson({ ok: false, digest: null, problems, warnings: [], advice: [], between: null });
    note(problemsText(outcome, file));
    return EXIT.usage;
  }
  const { plan, found } = outcome;
  const { resolved, included, warnings, advice } = plan;
  const digest = agreedDigest(plan);
  const both = betweenOf(resolved);
  const between = both ? betweenBoth(both) : null;
  if (options.json) {
    printJson({ ok: true, digest, unknown: unknownOf(found), included, problems: [], warnings, advice, between });
    return EXIT.good;
  }
  const watches = watchesOf(resolved);
  const criteria = watches.reduce((sum, watch) => sum + watch.criteria.length, 0);
  const counts = [
    `${resolved.functional.length + resolved.smoke.length} endpoint checks`,
    `${resolved.loadTests.length} load tests`,
    `${watches.length} watches with ${criteria} criteria`,
    `${resolved.approvals.roles.length} sign-offs`,
    `${Object.values(resolved.confirmations).flat().length} confirmations`,
  ];
  print(`${pc.green('✓')} ${file}: ${resolved.service}, ${resolved.release.previous} → ${resolved.release.target}`);
  print(`  ${counts.join(', ')}`);
  if (between) print(`  ${between}`);
  if (included.length > 0) print(`  includes ${included.join(', ')}`);
  if (found.length > 0) print(foundText(found));
  print(`  ${digestText(digest)}`);
  if (advice.length > 0) note(`${pc.yellow('Weaker than it could be:')}\n${formatProblems(advice)}`);
  if (warnings.length > 0) note(warningsText(warnings));
  return EXIT.good;
}

async function diffPlans(before: string, after: string, { bindings, json }: PlanOptions): Promise<number> {
  const [earlier, later] = [await loadNamed(before, bindings), await loadNamed(after, bindings)];
  const comparison = comparePlans(earlier.plan.resolved, later.plan.resolved);
  const same = earlier.plan.digest === later.plan.digest;
  const told = ({ plan, found }: ReleasedPlan) => ({
    file: plan.file,
    digest: agreedDigest(plan),
    unknown: unknownOf(found),
  });
  if (json) {
    printJson({ same, before: told(earlier), after: told(later), ...comparison });
    return same ? EXIT.good : EXIT.badly;
  }
  for (const [named, { plan, found }] of [[before, earlier] as const, [after, later] as const]) {
    print(`${pc.bold(named)}: ${releaseText(plan.resolved)}, ${digestText(agreedDigest(plan))}`);
    if (found.length > 0) print(foundText(found));
  }
  print('');
  print(same ? `${pc.green('✓')} They are the same plan` : renderComparison(comparison, pc));
  return same ? EXIT.good : EXIT.badly;
}

/** @param named a plan's file, or `FILE@TARGET`: where no file has that whole name */
async function loadNamed(named: string, bindings: string | undefined): Promise<ReleasedPlan> {
  const [, file = named, target] = existsSync(named) ? [] : (/^(.+)@([^@]*)$/.exec(named) ?? []);
  const problem = target === undefined ? undefined : versionProblem(target);
  if (problem !== undefined) throw usageError(`${named}: ${problem}`, 'Name a plan’s file, or FILE@TARGET.');
  return await loadReleased(file, { bindings, release: { target }, production: false });
}

const digestText = (digest: string | null): string =>
  digest === null ? 'no digest before all of it is known' : `digest ${digest}`;

/** Every problem with its place, and how many there are. */
export function problemsText({ problems }: PlanError, file: string): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return `${pc.red('✗')} ${file}: ${count}; nothing was started\n${formatProblems(problems)}`;
}

/** Every warning with its place. */
export const warningsText = (warnings: readonly Problem[]): string =>
  `${pc.yellow('Allowed, but probably not meant:')}\n${formatProblems(warnings)}`;

/** The plan with what is known of its release, or what is wrong with it. */
export async function tryReleased(...asked: Parameters<typeof loadReleased>): Promise<ReleasedPlan | PlanError> {
  try {
    return await loadReleased(...asked);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
}

/** The plan, or what is wrong with it. */
export function tryLoad(file: string, options: LoadOptions): LoadedPlan | PlanError {
  try {
    return loadPlan(file, options);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
}
