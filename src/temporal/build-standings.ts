/** How each build stands: what runs on it, and whether anybody carries that out. */
import { type Build, deploymentsOf, readBuilds, runningOn } from './builds.js';
import type { Connected } from './connection.js';
import { type QueueService, queueServices } from './queue-service.js';

export interface BuildStanding extends Build {
  /** What is pinned to it and runs. */
  deployments: string[];
  /** Who of it serves the queue that all workers share. */
  service: QueueService;
}

export interface BuildStandings {
  current?: string;
  builds: BuildStanding[];
  /** What began under a Surefoot without builds and still runs, and who serves it. */
  unpinned: { deployments: string[]; service: QueueService };
}

export async function buildStandings(connected: Connected): Promise<BuildStandings> {
  const [{ current, builds }, unpinned] = await Promise.all([readBuilds(connected), standing(connected, null)]);
  const all = builds.map(async (build) => ({ ...build, ...(await standing(connected, build.id)) }));
  return { ...(current === undefined ? {} : { current }), builds: await Promise.all(all), unpinned };
}

async function standing(connected: Connected, build: string | null) {
  const [workflows, service] = await Promise.all([runningOn(connected, build), serviceOfBuild(connected, build)]);
  return { deployments: deploymentsOf(workflows), service };
}

/** Who serves the queue that all workers share: of this build, or of none (null). */
export async function serviceOfBuild(connected: Connected, build: string | null): Promise<QueueService> {
  const [shared] = await queueServices(connected, [], { build });
  return shared as QueueService;
}

/** Builds that are waited for in vain: current, or with deployments, and without a worker. */
export const missedBuilds = ({ current, builds }: BuildStandings): BuildStanding[] =>
  builds.filter(
    ({ id, deployments, service }) => service.state === 'nobody' && (id === current || deployments.length > 0),
  );
