/** `surefoot rehearse PLAN`: the plan carried out in virtual time, in worlds that scenarios describe. */
import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { OPEN, openValues, type ReleaseValues } from '../../contract/plan/release-values.js';
import { PlanError } from '../../plan/core/problems.js';
import type { Rehearsals } from '../../rehearsal/rehearse.js';
import type { RehearsalResult } from '../../rehearsal/result.js';
import { CliError, EXIT } from '../../temporal/errors.js';
import pc from '../terminal/colors.js';
import { interruptible } from '../terminal/interruption.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { untilAborted } from '../terminal/until-aborted.js';
import { problemsText } from './plan.js';
import { saidOf, withReleaseOptions } from './release-options.js';

interface Flags extends ReleaseValues {
  scenario?: string[];
  jobs: number;
  json?: boolean;
  junit?: string;
  coverage?: boolean;
  timeline?: boolean;
  keep?: boolean;
}

/** More only wait for each other: a rehearsal keeps about a core busy, its server another. */
const JOBS = 2;
const MOST_JOBS = 16;

export function defineRehearse(command: Command): void {
  command.argument('<PLAN>', 'the plan file');
  withReleaseOptions(command)
    .option('--scenario <FILE|FOLDER...>', 'what the world is like and what must come of it; all is well without one')
    .option('--jobs <N>', 'how many scenarios at once', jobs, JOBS)
    .option('--coverage', 'tell which criteria, phases, decisions and items no scenario has exercised')
    .option('--timeline', 'print everything that happened, also where all came as expected')
    .option('--junit <FILE>', 'write the results as JUnit')
    .option('--keep', 'keep the server and its Web UI until Ctrl-C, to look at the rehearsals there')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      `
Nothing outside this machine is touched: neither the plan's hosts nor its commands.
Exit code: 0 when everything came as expected, 1 when something did not, 2 wrong plan or scenario, 3 no Temporal server.

Examples:
  $ surefoot rehearse plans/eduautismo-performance.yaml
  $ surefoot rehearse plans/eduautismo-performance.yaml --scenario scenarios/eduautismo --coverage
  $ surefoot rehearse plan.yaml --scenario errors-climb.yaml --timeline --keep`,
    )
    .action(exiting(rehearsePlan));
}

async function rehearsePlan(plan: string, flags: Flags): Promise<number> {
  return await interruptible(async (signal) => {
    try {
      return await carryOut(plan, flags, signal);
    } catch (error) {
      if (error instanceof PlanError) return tellProblems(error, plan, flags);
      if (!signal.aborted) throw error;
      const hint = 'Everything that it started is stopped.';
      throw new CliError('the rehearsal was interrupted', { hint, exitCode: EXIT.badly });
    }
  });
}

async function carryOut(plan: string, flags: Flags, signal: AbortSignal): Promise<number> {
  // Only a rehearsal needs a server and a worker: other commands start without loading them.
  const { happyScenario, loadScenarios } = await import('../../rehearsal/scenario/scenario.js');
  const { rehearse } = await import('../../rehearsal/rehearse.js');
  const { differencesText, junit, resultLine, timelineText } = await import('../../rehearsal/report.js');
  const release = saidOf(flags);
  const scenarios = flags.scenario ? loadScenarios(flags.scenario, plan, release) : [happyScenario(plan, release)];
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const open = scenarios[0] ? openValues(scenarios[0].plan.resolved) : [];
  if (open.length > 0)
    note(`Not known before a deployment, and rehearsed as ${open.map((value) => OPEN[value]).join(', ')}.`);
  const onResult = (result: RehearsalResult) => {
    if (flags.json) return;
    print(resultLine(result, pc, width));
    if (flags.timeline) print(pc.dim(timelineText(result.timeline, '    ')));
    if (!result.met) print(differencesText(result, pc));
  };
  const progress = (text: string) => note(pc.dim(text));
  const rehearsals = await rehearse(scenarios, { jobs: flags.jobs, signal, progress, onResult });
  try {
    const { results } = rehearsals;
    const failed = results.filter(({ met }) => !met).length;
    if (flags.junit !== undefined) await writeJunit(flags.junit, junit(results, plan));
    const { coverageOf, coverageText } = await import('../../rehearsal/coverage.js');
    const resolved = scenarios[0]?.plan.resolved;
    const coverage = flags.coverage && resolved ? coverageOf(resolved, results) : undefined;
    if (flags.json) {
      printJson({
        results: results.map(plain),
        passed: results.length - failed,
        failed,
        ...(coverage ? { coverage } : {}),
      });
    } else {
      print(`${results.length - failed} of ${results.length} as expected`);
      if (coverage) print(`\n${coverageText(coverage)}`);
    }
    if (flags.keep) await keepUp(rehearsals, signal);
    return failed === 0 ? EXIT.good : EXIT.badly;
  } finally {
    await rehearsals.stop();
  }
}

/** What has been exercised is told by `coverage`, for all together. */
const plain = ({ exercised: _, ...result }: RehearsalResult) => result;

async function writeJunit(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new CliError(`The JUnit file ${file} can't be written (${why})`, {
      hint: 'Name a file in a folder that is there.',
    });
  }
}

async function keepUp({ results, uiUrl, address }: Rehearsals, signal: AbortSignal): Promise<void> {
  note(`\nWeb UI     ${uiUrl}\nTemporal   ${address}`);
  for (const { scenario, link } of results) note(`${scenario.padEnd(10)} ${link}`);
  note('Ctrl-C ends it.');
  await untilAborted(signal);
}

function tellProblems(error: PlanError, plan: string, flags: Flags): number {
  if (flags.json) printJson({ ok: false, problems: error.problems });
  note(problemsText(error, error.problems[0]?.file ?? plan));
  return EXIT.usage;
}

function jobs(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST_JOBS) return number;
  throw new InvalidArgumentError(`Write a number from 1 to ${MOST_JOBS}.`);
}
