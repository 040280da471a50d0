import { type Command, InvalidArgumentError } from 'commander';
import type { Backtest } from '../../backtest/backtest.js';
import { watchesOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { Ledger } from '../../domain/ledger/ledger.js';
import { readTextSync } from '../../files/bounded-files.js';
import { PlanError } from '../../plan/core/problems.js';
import { nearest } from '../../plan/core/suggest.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import { renderEvaluation } from '../rendering/backtest.js';
import pc from '../terminal/colors.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { problemsText, tryLoad } from './plan.js';
import { agreedDigest } from './release-options.js';

interface BacktestOptions {
  from: string[];
  bindings?: string;
  watch?: string;
  ledger?: string;
  json?: boolean;
}

export function defineBacktest(command: Command): void {
  command
    .argument('<PLAN>', 'the plan file')
    .requiredOption(
      '--from <RUN|FILE...>',
      'a deployment ID or its evidence folder, a series (series/WATCH.jsonl), or a CSV file: at,metric,value',
    )
    .option('--watch <WATCH>', 'only under this watch of the plan (`soak` or one of `watches`)', notEmpty)
    .option('--ledger <FILE>', 'what happened then, to compare with: the output of `surefoot status RUN --json`')
    .option('--bindings <FILE>', 'other hosts, credentials and folders for the same plan')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nExit code 1: at least one watch would have been broken.',
        '\nExample:',
        '  $ surefoot backtest plans/eduautismo-performance.yaml --from eduautismo-20251124-115000-4f3a',
        '  $ surefoot backtest plans/eduautismo-performance.yaml --from last-week.csv --watch watch-24h',
      ].join('\n'),
    )
    .action(exiting(backtestPlan));
}

function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('Name a watch.');
  return text;
}

async function backtestPlan(file: string, options: BacktestOptions): Promise<number> {
  const plan = tryLoad(file, { bindings: options.bindings });
  if (plan instanceof PlanError) {
    if (options.json) printJson({ ok: false, problems: plan.problems });
    note(problemsText(plan, file));
    return EXIT.usage;
  }
  checkWatch(plan.resolved, options.watch);
  const ledger = options.ledger === undefined ? undefined : readLedgerFile(options.ledger);
  const { backtest, findRecordings, NoRecording } = await loadBacktest();
  let tested: Backtest;
  try {
    const recordings = options.from.flatMap((from) => findRecordings(from, plan.resolved.evidence));
    for (const { name, unreadable } of recordings) {
      if (unreadable > 0) note(`${pc.yellow('note')} ${name}: ${unreadable} lines cannot be read and are left out`);
    }
    tested = backtest(plan.resolved, recordings, { only: options.watch, ledger });
  } catch (error) {
    if (error instanceof NoRecording) throw usageError(error.message, error.hint);
    throw error;
  }
  if (tested.evaluations.length === 0) {
    const why = tested.skipped.map(({ recording, why }) => `${recording}: ${why}`).join('\n');
    throw usageError('Nothing of what was recorded belongs to a watch of the plan', why || 'Leave --watch out.');
  }
  const good = tested.evaluations.every(({ verdict }) => verdict !== 'breached');
  if (options.json) printJson({ ok: good, digest: agreedDigest(plan), ...tested });
  else {
    print(tested.evaluations.map((evaluation) => renderEvaluation(evaluation, pc)).join('\n\n'));
    for (const { recording, why } of tested.skipped) note(`${pc.yellow('left out')} ${recording}: ${why}`);
  }
  return good ? EXIT.good : EXIT.badly;
}

const loadBacktest = async () => ({
  ...(await import('../../backtest/backtest.js')),
  ...(await import('../../backtest/recordings.js')),
});

function checkWatch(plan: ResolvedPlan, named: string | undefined): void {
  const known = watchesOf(plan).map(({ id }) => id);
  if (named === undefined || known.includes(named)) return;
  const near = nearest(named, known);
  throw usageError(`The plan has no watch "${named}"`, near ? `Did you mean ${near}?` : `It has ${known.join(', ')}.`);
}

/** Bytes. */
const LARGEST_LEDGER = 64_000_000;

function readLedgerFile(file: string): Pick<Ledger, 'monitors'> {
  const hint = 'Write it with `surefoot status RUN --json > FILE`.';
  let content: { ledger?: Partial<Ledger> } & Partial<Ledger>;
  try {
    content = JSON.parse(readTextSync(file, LARGEST_LEDGER));
  } catch (error) {
    throw usageError(`${file} cannot be read as JSON (${(error as Error).message})`, hint);
  }
  const monitors = (content?.ledger ?? content)?.monitors;
  if (!Array.isArray(monitors)) throw usageError(`${file} holds no ledger of a deployment`, hint);
  return { monitors };
}
