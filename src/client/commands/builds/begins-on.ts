/** Which build a deployment that is started now would be carried out by. */
import { setTimeout as pause } from 'node:timers/promises';
import { serviceOfBuild } from '../../../temporal/build-standings.js';
import { readBuilds } from '../../../temporal/builds.js';
import type { Connected } from '../../../temporal/connection.js';
import { CliError, EXIT } from '../../../temporal/errors.js';
import { type QueueService, queueServices } from '../../../temporal/queue-service.js';

/** A first worker makes its build current within a second or two of its start, milliseconds. */
const FIRST_WITHIN = 10_000;
const LOOK_EVERY = 500;

export interface BeginsOn {
  /** Undefined where there is none: the first worker, or one from before builds, takes it. */
  build?: string;
  service: QueueService;
}

/** @throws CliError exit 3 where it would wait for a build without a worker, or for one that nobody has released */
export async function beginsOn(connected: Connected): Promise<BeginsOn> {
  const deadline = Date.now() + FIRST_WITHIN;
  for (;;) {
    const { current: build } = await readBuilds(connected);
    if (build !== undefined) {
      const service = await serviceOfBuild(connected, build);
      if (service.state === 'nobody') throw withoutWorker(build, service);
      return { build, service };
    }
    const unpinned = await serviceOfBuild(connected, null);
    if (unpinned.state === 'served') return { service: unpinned };
    const [service] = (await queueServices(connected)) as [QueueService];
    if (service.state !== 'served') return { service };
    if (Date.now() > deadline) break;
    await pause(LOOK_EVERY);
  }
  throw new CliError('Workers are there, but no build is current: nothing would carry the deployment out', {
    hint: 'Look at `surefoot versions`, then `surefoot release BUILD`.',
    exitCode: EXIT.unreachable,
  });
}

/** The error that names the build that is waited for. */
export const withoutWorker = (build: string, { text }: QueueService): CliError =>
  new CliError(`Build ${build} has no worker (${text})`, {
    hint: `Start \`surefoot worker --build-id ${build}\` with the code of that build, or release another one: \`surefoot versions\`.`,
    exitCode: EXIT.unreachable,
  });
