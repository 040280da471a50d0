import type { Command } from 'commander';
import pc from 'picocolors';
import { formatProblems, PlanError } from '../../plan/core/problems.js';
import { comparePlans } from '../../plan/diff/compare-plans.js';
import { type LoadedPlan, type LoadOptions, loadPlan } from '../../plan/load.js';
import { EXIT } from '../../temporal/errors.js';
import { renderComparison } from '../rendering/plan-diff.js';
import { renderRunbook, shownSteps } from '../rendering/runbook.js';
import { exiting, note, print, printJson } from '../terminal/output.js';

export function registerPlan(program: Command): void {
  const plan = program.command('plan').description('work with plan files');
  plan
    .command('check')
    .description('check a plan and say what it comes to')
    .argument('<PLAN>', 'the plan file')
    .option('--bindings <FILE>', 'other hosts, credentials and folders for the same plan')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot plan check plans/eduautismo-performance.yaml')
    .action(exiting(checkPlan));
  plan
    .command('show')
    .description('the runbook of a plan: every step with its time, facts, boxes, and who is asked')
    .argument('<PLAN>', 'the plan file')
    .option('--bindings <FILE>', 'other hosts, credentials and folders for the same plan')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot plan show plans/eduautismo-performance.yaml')
    .action(exiting(showPlan));
  plan
    .command('diff')
    .description('what two plans differ in, step by step')
    .argument('<BEFORE>', 'a plan file')
    .argument('<AFTER>', 'another')
    .option('--bindings <FILE>', 'other hosts, credentials and folders for both')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nExit code 1: they differ. Values are those of the resolved plan: durations in milliseconds.',
        '\nExample:\n  $ surefoot plan diff plans/eduautismo-performance.yaml ../next/eduautismo-performance.yaml',
      ].join('\n'),
    )
    .action(exiting(diffPlans));
}

interface PlanOptions {
  bindings?: string;
  json?: boolean;
}

async function showPlan(file: string, options: PlanOptions): Promise<number> {
  const { resolved, digest, included } = loadPlan(file, { bindings: options.bindings });
  const { service, release } = resolved;
  const steps = shownSteps(resolved);
  if (options.json) {
    printJson({ service, release, digest, included, steps });
    return EXIT.good;
  }
  print(`${pc.bold(service)}: ${release.previous} → ${release.target}, digest ${digest}`);
  if (included.length > 0) print(`Includes ${included.join(', ')}.`);
  print('Times are the earliest: people and windows take theirs. [1.1.1] is a box that rests on the fact before it.\n');
  print(renderRunbook(steps, pc));
  return EXIT.good;
}

async function checkPlan(file: string, options: PlanOptions): Promise<number> {
  const outcome = tryLoad(file, { bindings: options.bindings });
  if (outcome instanceof PlanError) {
    const { problems } = outcome;
    if (options.json) printJson({ ok: false, digest: null, problems, warnings: [] });
    note(problemsText(outcome, file));
    return EXIT.usage;
  }
  const { resolved, digest, included, warnings } = outcome;
  if (options.json) {
    printJson({ ok: true, digest, included, problems: [], warnings });
    return EXIT.good;
  }
  const criteria = [resolved.soak, ...resolved.watches].reduce((sum, watch) => sum + watch.criteria.length, 0);
  const counts = [
    `${resolved.functional.length + resolved.smoke.length} endpoint checks`,
    `${resolved.loadTests.length} load tests`,
    `${resolved.watches.length + 1} watches with ${criteria} criteria`,
    `${resolved.approvals.roles.length} sign-offs`,
    `${Object.values(resolved.confirmations).flat().length} confirmations`,
  ];
  print(`${pc.green('✓')} ${file}: ${resolved.service}, ${resolved.release.previous} → ${resolved.release.target}`);
  print(`  ${counts.join(', ')}`);
  if (included.length > 0) print(`  includes ${included.join(', ')}`);
  print(`  digest ${digest}`);
  if (warnings.length > 0) note(`${pc.yellow('Allowed, but probably not meant:')}\n${formatProblems(warnings)}`);
  return EXIT.good;
}

async function diffPlans(before: string, after: string, options: PlanOptions): Promise<number> {
  const load = (file: string) => loadPlan(file, { bindings: options.bindings });
  const [earlier, later] = [load(before), load(after)];
  const comparison = comparePlans(earlier.resolved, later.resolved);
  const same = earlier.digest === later.digest;
  const named = ({ file, digest }: LoadedPlan) => ({ file, digest });
  if (options.json) printJson({ same, before: named(earlier), after: named(later), ...comparison });
  else if (same) print(`${pc.green('✓')} ${before} and ${after} are the same plan, digest ${later.digest}`);
  else {
    print(`${pc.bold(before)} → ${pc.bold(after)}: not the same plan`);
    print(`  digest ${earlier.digest}\n       → ${later.digest}\n`);
    print(renderComparison(comparison, pc));
  }
  return same ? EXIT.good : EXIT.badly;
}

/** Every problem with its place, and how many there are. */
export function problemsText({ problems }: PlanError, file: string): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return `${pc.red('✗')} ${file}: ${count}; nothing was started\n${formatProblems(problems)}`;
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
