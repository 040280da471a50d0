import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { ReleaseValues } from '../../contract/plan/release-values.js';
import { PlanError } from '../../plan/core/problems.js';
import { connectionSettings } from '../../temporal/connection.js';
import { CliError, EXIT } from '../../temporal/errors.js';
import { renderChecks } from '../rendering/doctor.js';
import pc from '../terminal/colors.js';
import { interruptible } from '../terminal/interruption.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { problemsText, tryReleased } from './plan.js';
import { agreedDigest, foundText, saidOf, unknownOf, withReleaseOptions } from './release-options.js';
import { temporalChecks } from './temporal-checks.js';
import { sandboxTools } from './worker.js';

interface DoctorOptions extends ReleaseValues {
  bindings?: string;
  as?: string;
  all?: boolean;
  json?: boolean;
}

export function defineDoctor(command: Command): void {
  command.argument('<PLAN>', 'the plan file');
  withReleaseOptions(command)
    .option('--bindings <FILE>', 'other hosts, credentials and folders for the same plan')
    .option('--as <WHO>', 'who would start it (default: $USER): could the others still sign it off?')
    .option('--all', 'show what is well, too')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nRun it where the worker runs: credentials, tools and scripts are looked for on this machine.',
        'Exit code 1: something would have failed. Ctrl-C ends it with what is known by then.',
        '\nExample:\n  $ surefoot doctor plans/eduautismo-performance.yaml --as ana.souza',
      ].join('\n'),
    )
    .action(exiting(doctor));
}

async function doctor(file: string, options: DoctorOptions): Promise<number> {
  const { bindings } = options;
  const released = await tryReleased(file, { bindings, release: saidOf(options), production: true });
  if (released instanceof PlanError) {
    if (options.json) printJson({ ok: false, problems: released.problems });
    note(problemsText(released, file));
    return EXIT.usage;
  }
  const { plan, found } = released;
  const { resolved } = plan;
  const startedBy = options.as ?? process.env.USER;
  note(`${resolved.service}, ${resolved.release.previous} → ${resolved.release.target}, as seen from ${hostname()}`);
  if (found.length > 0) note(foundText(found));
  const work = async (signal: AbortSignal): Promise<number> => {
    const { examine } = await import('../../doctor/doctor.js');
    const asked = { plan: resolved, unknown: unknownOf(found), startedBy, tools: toolsHere(), at: Date.now() };
    const others = temporalChecks(resolved);
    const { checks, complete } = await examine(asked, { signal, others });
    const failed = checks.filter(({ ok }) => !ok).length;
    const good = failed === 0 && complete;
    if (options.json) printJson({ ok: good, digest: agreedDigest(plan), complete, failed, checks });
    else print(renderChecks(checks, { colors: pc, all: options.all ?? false }));
    if (!complete) note(`${pc.yellow('stopped')} before all was tried`);
    return good ? EXIT.good : EXIT.badly;
  };
  return await interruptible(work, () => process.exit(130));
}

/** A sandbox brings its own tools; its worker would use those. That Temporal's settings can't be read is a check's line. */
function toolsHere(): string[] | undefined {
  try {
    const { sandbox } = connectionSettings();
    return sandbox && sandboxTools(sandbox);
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}
