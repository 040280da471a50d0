import type { Command } from 'commander';
import { type BuildStandings, buildStandings, missedBuilds } from '../../../temporal/build-standings.js';
import { withConnection } from '../../../temporal/connection.js';
import { EXIT } from '../../../temporal/errors.js';
import { clockText } from '../../rendering/status.js';
import pc from '../../terminal/colors.js';
import { exiting, note, print, printJson } from '../../terminal/output.js';
import { withoutWorker } from './begins-on.js';

export function defineVersions(command: Command): void {
  command
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExit code 3: a build that is current, or has deployments, has no worker.')
    .addHelpText('after', '\nExample:\n  $ surefoot versions')
    .action(exiting(versions));
}

async function versions(options: { json?: boolean }): Promise<number> {
  return await withConnection(async (connected) => {
    const standings = await buildStandings(connected);
    if (options.json) printJson(versionsDocument(standings));
    else print(versionsText(standings));
    const missed = missedBuilds(standings);
    for (const { id, service } of missed) {
      const { message, hint } = withoutWorker(id, service);
      note(`${pc.red(message)}\n${hint}`);
    }
    return missed.length > 0 ? EXIT.unreachable : EXIT.good;
  });
}

/** Workers are `null` where it is not known whether there are any. */
export const versionsDocument = ({ current, builds, unpinned }: BuildStandings) => ({
  current: current ?? null,
  builds: builds.map(({ id, state, since, deployments, service }) => ({
    id,
    state,
    since: since === undefined ? null : new Date(since).toISOString(),
    deployments,
    workers: service.state === 'unknown' ? null : service.workers,
  })),
  withoutBuild: unpinned.deployments,
});

export function versionsText({ builds, unpinned }: BuildStandings): string {
  const lines = builds.map(({ id, state, since, deployments, service }) => {
    const workers = service.state === 'unknown' ? 'workers unknown' : counted(service.workers, 'worker');
    const when = since === undefined || state !== 'current' ? '' : ` since ${clockText(since)}`;
    return `${pc.bold(id)}  ${stateText(state, deployments.length)}${when}, ${counted(deployments.length, 'deployment')}, ${workers}`;
  });
  if (builds.length === 0)
    lines.push('No worker with a build has asked for work yet: start one with `surefoot worker`.');
  const { deployments } = unpinned;
  if (deployments.length > 0) lines.push(`without a build, on a worker from before builds: ${deployments.join(', ')}`);
  return lines.join('\n');
}

/** What can be counted is not left to what the server last looked at. */
const stateText = (state: string, deployments: number): string =>
  state === 'draining' && deployments === 0 ? 'drained' : state === 'waiting' ? 'never released' : state;

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
