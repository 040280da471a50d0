import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { defaultHome } from '../../local/folders.js';
import { connectionSettings, withConnection } from '../../temporal/connection.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import type { RunningSandbox } from '../../temporal/running-sandbox.js';
import { exiting, note } from '../terminal/output.js';

export function defineWorker(command: Command): void {
  command
    .option(
      '--state <DIR>',
      "who this runner is, and where its commands are recorded (default: SUREFOOT_HOME's worker folder)",
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ TEMPORAL_ADDRESS=temporal.example.com:7233 surefoot worker --state /var/lib/surefoot',
    )
    .action(exiting(work));
}

async function work(options: { state?: string }): Promise<number> {
  const { address, namespace, source, options: connection, sandbox } = connectionSettings();
  // Says in words, and within 5 s, what the worker's own connection would say late and obscurely.
  await withConnection(async () => {});
  const state = resolve(options.state ?? `${defaultHome()}/worker`);
  note(`worker for ${address} (from ${source}), namespace ${namespace}, state in ${state}`);
  const { runWorker, StateFolderUnusable } = await import('../../worker.js');
  const tools = sandbox && sandboxTools(sandbox);
  await runWorker({ connection, namespace, state, tools, tell: note }).catch((error: unknown) => {
    if (error instanceof StateFolderUnusable) throw usageError(error.message, 'See "Runners" in docs/architecture.md.');
    throw error;
  });
  return EXIT.good;
}

/** The sandbox brings its own tools; a worker beside it uses those, so that nothing has to be installed. */
export function sandboxTools({ postgres, target }: RunningSandbox): string[] {
  const clientTools = dirname(postgres.clientTools.pgDump);
  process.env.SUREFOOT_PG_BIN ??= clientTools;
  return [target.binFolder, clientTools];
}
