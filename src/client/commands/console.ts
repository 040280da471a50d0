import type { Command } from 'commander';
import { commitTime } from '../../local/commit-time.js';
import { withConnection } from '../../temporal/connection.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import { evidenceOption } from '../retention/archived.js';
import { interruptible } from '../terminal/interruption.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { untilAborted } from '../terminal/until-aborted.js';

interface ConsoleCommandOptions {
  port: string;
  evidence: string;
  repository?: string;
  json?: boolean;
}

export function defineConsole(command: Command): void {
  command
    .option('--port <PORT>', 'port on this machine (0: any free one)', '8080')
    .addOption(evidenceOption())
    .option('--repository <FOLDER>', 'a clone that has the commits: without it no lead time is known')
    .option('--json', 'one JSON document on stdout once it serves')
    .addHelpText('after', '\nExample:\n  $ surefoot console --port 8080')
    .action(exiting((options: ConsoleCommandOptions) => interruptible((signal) => serveUntil(signal, options))));
}

async function serveUntil(interrupted: AbortSignal, options: ConsoleCommandOptions): Promise<number> {
  const { port, evidence, repository, json } = options;
  if (!/^\d{1,5}$/.test(port)) throw usageError(`${port} is no port`, 'Write for example --port 8080.');
  const [{ serveConsole }, { deploymentsFromTemporal }, { NOBODY }] = await Promise.all([
    import('../../console/serve.js'),
    import('../../console/from-temporal.js'),
    import('../../console/signed-in.js'),
  ]);
  return await withConnection(async (connected) => {
    const committed = async (commit: string) =>
      repository === undefined ? undefined : await commitTime(repository, commit);
    const deployments = deploymentsFromTemporal(connected, { evidence, committed });
    const { url, stop } = await serveConsole({ port: Number(port), deployments, signIn: NOBODY });
    if (json) printJson({ url });
    else print(`console at ${url}; Ctrl-C stops it`);
    note(
      'nobody signs in here: whoever uses this machine can answer for others, where a deployment takes unsigned decisions',
    );
    await untilAborted(interrupted);
    stop();
    return EXIT.good;
  });
}
