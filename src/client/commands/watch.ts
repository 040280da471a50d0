import type { Command } from 'commander';
import pc from 'picocolors';
import type { Ledger } from '../../domain/ledger.js';
import { type Connected, withConnection } from '../connection.js';
import { type Found, findDeployment, readLedger } from '../deployments.js';
import { CliError, EXIT } from '../errors.js';
import { exiting, note, print, printJson } from '../output.js';
import { ledgerChanges } from '../rendering/changes.js';
import { CLEAR, clock, renderStatus } from '../rendering/status.js';
import { exitCodeOf, statusDocument } from './status.js';

const EVERY = 1_000;

export function registerWatch(program: Command): void {
  program
    .command('watch')
    .description('follow a deployment until it ends; Ctrl-C leaves it running')
    .argument('[DEPLOYMENT]', 'deployment ID, service or workflow ID (default: the one running, or the latest)')
    .option('--json', 'changes on stderr, the end as one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot watch eduautismo')
    .action(exiting(watch));
}

async function watch(reference: string | undefined, options: { json?: boolean }): Promise<number> {
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await withConnection(async (connected) => {
      const first = await findDeployment(connected, reference);
      const show = viewer(options.json ?? false);
      const last = await follow(connected, first, { signal: stopped.signal, show });
      if (!last) {
        note(`\nThe deployment goes on; look again with surefoot watch ${first.deployment ?? first.workflowId}`);
        return EXIT.good;
      }
      if (options.json) printJson(statusDocument(last.found, last.ledger));
      return exitCodeOf(last.ledger);
    });
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

interface Look {
  found: Found;
  ledger: Ledger;
}

/** Looks every second. Comes back with the last look, or nothing when the person stopped looking. */
async function follow(
  connected: Connected,
  first: Found,
  { signal, show }: { signal: AbortSignal; show: (look: Look) => void },
): Promise<Look | undefined> {
  let found = first;
  let told = '';
  while (!signal.aborted) {
    try {
      const ledger = await readLedger(connected, found);
      told = '';
      show({ found, ledger });
      if (!found.running) return { found, ledger };
    } catch (error) {
      // Without a worker the deployment waits, and so does its watcher.
      if (!(error instanceof CliError) || error.exitCode !== EXIT.unreachable) throw error;
      if (told !== error.message) note(`${error.message}. ${error.hint}`);
      told = error.message;
    }
    await pause(signal);
    const { status } = await found.handle.describe();
    found = { ...found, status: status.name, running: status.name === 'RUNNING' };
  }
  return undefined;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, EVERY);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

/** A live page at a terminal; elsewhere one line for each thing that happened. */
function viewer(json: boolean): (look: Look) => void {
  if (process.stdout.isTTY && !json) {
    return ({ found, ledger }) => {
      print(`${CLEAR}${renderStatus(ledger, { colors: pc, now: Date.now(), link: found.link })}`);
    };
  }
  let before: Ledger | undefined;
  const line = json ? note : print;
  return ({ ledger }) => {
    for (const change of ledgerChanges(before, ledger)) line(`${clock(Date.now())}  ${change}`);
    before = ledger;
  };
}
