import { setTimeout as pause } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { formatDuration, parseDuration } from '../../../domain/duration.js';
import { type BuildStanding, buildStandings, serviceOfBuild } from '../../../temporal/build-standings.js';
import { deploymentsOf, makeCurrent, readBuilds, runningOn } from '../../../temporal/builds.js';
import { type Connected, withConnection } from '../../../temporal/connection.js';
import { CliError, EXIT } from '../../../temporal/errors.js';
import { unpinnedText } from '../../../temporal/first-release.js';
import pc from '../../terminal/colors.js';
import { exiting, print, printJson } from '../../terminal/output.js';
import { buildName } from '../worker.js';
import { withoutWorker } from './begins-on.js';

interface ReleaseOptions {
  within: number;
  json?: boolean;
}

const WITHIN = 60_000;
const LOOK_EVERY = 1_000;

export function defineRelease(command: Command): void {
  command
    .argument('<BUILD>', 'the build, as its worker names it when it starts', buildName)
    .option('--within <DURATION>', 'how long its workers are waited for', timeLimit, WITHIN)
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nWhat runs stays on the build that it began on: that one keeps its worker until `surefoot drain` says so.',
        '\nExamples:',
        '  $ surefoot release 0.2.0-4be1c2a09d35',
        '  $ surefoot release 0.2.0-4be1c2a09d35 --within 5m --json',
      ].join('\n'),
    )
    .action(exiting(release));
}

/** @throws InvalidArgumentError */
function timeLimit(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new InvalidArgumentError('Write a duration, for example 90s or 10m.');
  return milliseconds;
}

async function release(build: string, { within, json }: ReleaseOptions): Promise<number> {
  return await withConnection(async (connected) => {
    const token = await hasWorkers(connected, { build, within });
    const unpinned = deploymentsOf(await runningOn(connected, null));
    if (unpinned.length > 0) {
      const hint = 'See "Upgrading" in docs/operations.md.';
      throw new CliError(unpinnedText(build, unpinned), { hint, exitCode: EXIT.underway });
    }
    const { current: before } = await readBuilds(connected);
    if (before !== build) await makeCurrent(connected, build, token);
    const { builds } = await buildStandings(connected);
    const staying = builds.filter(({ id, deployments }) => id !== build && deployments.length > 0);
    if (json) {
      const stays = Object.fromEntries(staying.map(({ id, deployments }) => [id, deployments]));
      printJson({ ok: true, build, before: before ?? null, changed: before !== build, stays });
    } else tell(build, { before, staying });
    return EXIT.good;
  });
}

/**
 * Waits until somebody of the build serves the queue that all workers share.
 * @returns what a change is made by
 * @throws CliError exit 3
 */
async function hasWorkers(
  connected: Connected,
  { build, within }: { build: string; within: number },
): Promise<Uint8Array | undefined> {
  const deadline = Date.now() + within;
  for (;;) {
    const [{ builds, token }, service] = await Promise.all([readBuilds(connected), serviceOfBuild(connected, build)]);
    if (service.state === 'served' && builds.some(({ id }) => id === build)) return token;
    if (Date.now() > deadline) {
      const waited = within > 0 ? `; waited ${formatDuration(within)}` : '';
      throw withoutWorker(build, { ...service, text: `${service.text}${waited}` });
    }
    await pause(LOOK_EVERY);
  }
}

function tell(build: string, { before, staying }: { before: string | undefined; staying: BuildStanding[] }): void {
  if (before === build) print(`${pc.green('✓')} ${pc.bold(build)} is current already`);
  else
    print(
      `${pc.green('✓')} deployments begin on ${pc.bold(build)} from now on${before ? `, no longer on ${before}` : ''}`,
    );
  for (const { id, deployments } of staying) {
    print(`  stays on ${id}: ${deployments.join(', ')}`);
    print(`    its worker has to stay, too: ${pc.cyan(`surefoot drain ${id} --wait`)}`);
  }
}
