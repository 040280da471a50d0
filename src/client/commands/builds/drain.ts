import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { serviceOfBuild } from '../../../temporal/build-standings.js';
import { deploymentsOf, readBuilds, runningOn } from '../../../temporal/builds.js';
import { type Connected, withConnection } from '../../../temporal/connection.js';
import { EXIT, usageError } from '../../../temporal/errors.js';
import pc from '../../terminal/colors.js';
import { interruptible } from '../../terminal/interruption.js';
import { exiting, note, print, printJson } from '../../terminal/output.js';
import { buildName } from '../worker.js';
import { withoutWorker } from './begins-on.js';

interface DrainOptions {
  wait?: boolean;
  json?: boolean;
}

const LOOK_EVERY = 5_000;
/** The server's list lags a little: a rollback that has just begun is on it by then, milliseconds. */
const LAG = 1_000;

export function defineDrain(command: Command): void {
  command
    .argument('<BUILD>', 'a build that is not current any more', buildName)
    .option('--wait', 'wait until nothing runs on it; Ctrl-C ends the waiting')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nExit code 0: nothing runs on it, its worker may be stopped; 4: something does; 3: and it has no worker.',
        '\nExample:',
        '  $ surefoot drain 0.1.0-9c03d1f7aa21 --wait',
      ].join('\n'),
    )
    .action(exiting(drain));
}

async function drain(build: string, { wait = false, json = false }: DrainOptions): Promise<number> {
  return await interruptible((signal) =>
    withConnection(async (connected) => {
      await mustDrain(connected, build);
      let told = '';
      for (;;) {
        const deployments = await left(connected, build);
        const service = await serviceOfBuild(connected, build);
        const isMissed = deployments.length > 0 && service.state === 'nobody';
        const isOver = deployments.length === 0 || isMissed || !wait || signal.aborted;
        if (isOver && json) {
          const workers = service.state === 'unknown' ? null : service.workers;
          printJson({ ok: deployments.length === 0, build, deployments, workers });
        }
        if (deployments.length === 0) {
          if (!json) print(`${pc.green('✓')} nothing runs on ${pc.bold(build)}: its worker may be stopped`);
          return EXIT.good;
        }
        const text = `${build} still carries out ${deployments.join(', ')}`;
        if (text !== told) note(text);
        told = text;
        if (isMissed) {
          // It would be waited for for ever.
          const { message, hint } = withoutWorker(build, service);
          note(`${pc.red(message)}\n${hint}`);
          return EXIT.unreachable;
        }
        if (isOver) return EXIT.underway;
        await pause(LOOK_EVERY, undefined, { signal }).catch(() => {});
      }
    }),
  );
}

/** @throws CliError where there is no such build, or deployments begin on it */
async function mustDrain(connected: Connected, build: string): Promise<void> {
  const { current, builds } = await readBuilds(connected);
  if (!builds.some(({ id }) => id === build)) {
    throw usageError(`The server knows no build ${build}`, '`surefoot versions` lists those that it knows.');
  }
  if (build !== current) return;
  throw usageError(
    `${build} is current: deployments begin on it`,
    'Release another build first: `surefoot release BUILD`.',
  );
}

async function left(connected: Connected, build: string): Promise<string[]> {
  const seen = deploymentsOf(await runningOn(connected, build));
  if (seen.length > 0) return seen;
  await pause(LAG);
  return deploymentsOf(await runningOn(connected, build));
}
