/** `surefoot demo`: the whole checklist, for real, on this machine. */
import type { Command } from 'commander';
import type { DemoReport } from '../../demo/report.js';
import type { DemoLinks, DemoOptions, DemoRun } from '../../demo/run.js';
import { missingRoles } from '../../domain/decisions/waits-for.js';
import { formatDuration } from '../../domain/duration.js';
import type { Ledger } from '../../domain/ledger/ledger.js';
import { CliError, EXIT, innermost } from '../../temporal/errors.js';
import { ledgerChanges } from '../rendering/changes.js';
import { CLEAR, renderStatus } from '../rendering/status.js';
import pc from '../terminal/colors.js';
import { interruptible } from '../terminal/interruption.js';
import { exiting, note, print } from '../terminal/output.js';
import { untilAborted } from '../terminal/until-aborted.js';

interface DemoFlags {
  reset?: boolean;
  fault?: string;
  ask?: boolean;
  json?: boolean;
}

export function defineDemo(command: Command): void {
  command
    .option('--fault <name[@place]>', 'let something go wrong and see it rolled back, for example errors@watch-5m')
    .option('--ask', 'give the sign-offs yourself, in the console, signed in as each stand-in')
    .option('--reset', 'clear the sandbox and everything it remembers first')
    .option('--json', 'print one JSON document at the end and exit')
    .addHelpText(
      'after',
      '\nExit code: 0 when the deployment succeeded, 1 when it ended otherwise (a rollback counts as that).\n\nExamples:\n  surefoot demo\n  surefoot demo --fault errors@watch-5m\n  surefoot demo --ask\n  surefoot demo --json',
    )
    .action(exiting(demo));
}

const demo = (flags: DemoFlags): Promise<number> => interruptible((signal) => runToEnd(flags, signal));

async function runToEnd(flags: DemoFlags, signal: AbortSignal): Promise<number> {
  // Only the demo needs a worker, a server and a target: other commands start without loading them.
  const { runDemo } = await import('../../demo/run.js');
  const { UnknownFault } = await import('../../demo/fault.js');
  const { writeDemoReport } = await import('../../demo/report.js');
  const run = await runDemo({
    reset: flags.reset ?? false,
    fault: flags.fault,
    ask: flags.ask,
    signal,
    progress: (text) => note(`· ${text}`),
    onLedger: viewer(flags),
  }).catch((error) => {
    if (signal.aborted) {
      const hint = 'Everything that it started is stopped; run it again to begin anew.';
      throw new CliError('the demo was interrupted', { hint, exitCode: EXIT.badly });
    }
    throw error instanceof UnknownFault ? new CliError(error.message, { hint: error.hint }) : error;
  });
  try {
    const report = await writeDemoReport(run).catch((error) => {
      note(`the report could not be made: ${innermost(error)}`);
      return undefined;
    });
    print(flags.json ? JSON.stringify(summary(run, report)) : ending(run, report, flags.fault));
    if (!flags.json && process.stdin.isTTY && process.stdout.isTTY) {
      print('\nThe Web UI and the console stay up. Press Ctrl-C to stop everything.');
      await untilAborted(signal);
    }
  } finally {
    await run.stop();
  }
  return run.result.outcome === 'succeeded' ? EXIT.good : EXIT.badly;
}

/** A live page at a terminal; elsewhere one line on stderr for each thing that happened. */
function viewer({ json, ask }: DemoFlags): DemoOptions['onLedger'] {
  const asking = (ledger: Ledger, links: DemoLinks) => (ask ? signOffLines(ledger, links) : []);
  if (process.stdout.isTTY && !json) {
    const standing = stopwatch();
    return (ledger, links) => {
      const page = renderStatus(ledger, { colors: pc, now: latest(ledger), link: links.webUi });
      const asked = asking(ledger, links);
      const places = [`Console  ${links.console}`, ...asked].join('\n');
      const waits = standing(page, performance.now());
      // While it waits for people nothing is at work.
      print(`${CLEAR}${page}\n\n${places}${asked.length > 0 ? '' : pc.dim(waits)}`);
    };
  }
  let before: Ledger | undefined;
  let asked: string[] = [];
  return (ledger, links) => {
    for (const line of ledgerChanges(before, ledger)) note(line);
    before = structuredClone(ledger);
    const lines = asking(ledger, links);
    for (const line of lines) if (!asked.includes(line)) note(line);
    asked = lines;
  };
}

/** Where people sign off, while that is waited for. */
function signOffLines(ledger: Ledger, { console }: DemoLinks): string[] {
  const question = ledger.questions.find(({ kind, answer }) => kind === 'approvals' && !answer);
  if (!question) return [];
  const place = `${console}/deployments/${encodeURIComponent(ledger.deployment)}/decide/${encodeURIComponent(question.id)}`;
  return [
    `Sign off ${place}`,
    `         still missing: ${missingRoles(ledger, question).join(', ')}; ${ledger.startedBy} has started it`,
  ];
}

/**
 * Virtual time stands still while a step is at work: how long that has been, on the clock of this machine.
 * @returns a line for each look, by what it shows and when, milliseconds; none while something new is seen
 */
export function stopwatch(): (page: string, now: number) => string {
  let shown: string | undefined;
  let since = 0;
  return (page, now) => {
    if (page !== shown) since = now;
    shown = page;
    const stands = Math.floor((now - since) / 1_000) * 1_000;
    return stands === 0 ? '' : `\n\nAt work for ${formatDuration(stands)} by this machine’s clock`;
  };
}

/** In virtual time the clock on the wall says nothing: the ledger's latest moment is now. */
function latest({ startedAt, endedAt, steps, monitors }: Ledger): number {
  const moments = [...steps.flatMap((step) => [step.startedAt, step.endedAt]), ...monitors.map(({ now }) => now)];
  return Math.max(startedAt, endedAt ?? 0, ...moments.map((moment) => moment ?? 0));
}

/** The document of `demo --json`. */
export function summary({ result, ...run }: DemoRun, report?: DemoReport) {
  return {
    outcome: result.outcome,
    reason: result.reason,
    deploymentId: result.deployment,
    workflowId: run.workflowId,
    runId: run.runId,
    virtualSeconds: Math.round((result.endedAt - result.startedAt) / 1_000),
    wallSeconds: Math.round(run.wallSeconds * 10) / 10,
    historyEvents: run.historyEvents,
    rollback: result.rollback ?? null,
    production: run.production,
    items: result.items ?? null,
    report: report ?? null,
    steps: result.steps,
    uiUrl: run.uiUrl,
  };
}

/** Nothing was made to go wrong, and yet a load test found the target too slow: then the machine is. */
export function busyLines({ steps, loadTests }: Pick<Ledger, 'steps'> & Pick<DemoRun, 'loadTests'>): string[] {
  const failed = steps.filter(({ id, state }) => state === 'failed' && loadTests.includes(id));
  if (failed.length === 0) return [];
  return [
    `This machine was too busy for the load test’s limits (${failed.map(({ id }) => id).join(', ')}): run it again`,
  ];
}

const reportLines = ({ html, checklist }: DemoReport): string[] => [
  `Report     ${html}`,
  `Checklist  ${checklist}`,
  `           npx surefoot report --verify ${html}   (while this demo or a sandbox is up)`,
];

function ending(run: DemoRun, report: DemoReport | undefined, fault: string | undefined): string {
  const { result } = run;
  const virtual = formatDuration(result.endedAt - result.startedAt);
  const lines = [
    '',
    `${result.outcome.toUpperCase()}: ${result.reason}`,
    `${virtual} of deployment in ${formatDuration(run.wallSeconds * 1_000)}; ${run.historyEvents} events in the history`,
  ];
  if (fault === undefined) lines.push(...busyLines({ steps: result.steps, loadTests: run.loadTests }));
  if (result.rollback) {
    const { option, took, estimate, reasons } = result.rollback;
    lines.push(
      `rollback: ${option} in ${formatDuration(took ?? 0)} (the checklist's estimate: ${formatDuration(estimate ?? 0)})`,
      ...reasons.map((reason) => `  - ${reason}`),
    );
  }
  const { version, revision, indexes } = run.production;
  lines.push(`production now: ${version}, database at ${revision}, ${indexes.length} of the plan's indexes`);
  const { items } = result;
  if (items) {
    lines.push(
      `${items.total} boxes of the checklist: ${items.passed} passed, ${items.attested} attested, ${items.failed} failed, ${items.unknown} unknown, ${items.skipped} skipped, ${items.notApplicable} not applicable`,
    );
  }
  lines.push(
    '',
    ...(report ? reportLines(report) : []),
    `Web UI     ${run.signIn}`,
    `Console    ${run.consoleUrl}`,
    'Try next   npm run demo -- --fault errors@watch-5m     (rolled back: code and migration)',
    '           npm run demo -- --fault deadlocks@watch-1h  (rolled back: migration only)',
    '           npm run demo -- --fault latency@watch-5m    (rolled back: code only)',
    '           npm run demo -- --ask                       (you give the sign-offs, in the console)',
    '           npx surefoot sandbox                        (the same target, in real time, with you as the people)',
  );
  return lines.join('\n');
}
