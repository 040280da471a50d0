import type { Command } from 'commander';
import type { Ledger } from '../../domain/ledger/ledger.js';
import { leftBehind } from '../../domain/ledger/left-behind.js';
import { withConnection } from '../../temporal/connection.js';
import { EXIT } from '../../temporal/errors.js';
import { cutOff, type LedgerView } from '../../temporal/ledger-view.js';
import { watchdogService } from '../../temporal/watchdog-service.js';
import { renderStatus, wayOn } from '../rendering/status.js';
import { archiveText, evidenceOption, findWithArchives } from '../retention/archived.js';
import pc from '../terminal/colors.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { viewArchived, viewLedger } from './ledger-view.js';

export function defineStatus(command: Command): void {
  command
    .argument('[DEPLOYMENT]', 'deployment ID, service or workflow ID (default: the one running, or the latest)')
    .addOption(evidenceOption())
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot status eduautismo')
    .action(exiting(status));
}

async function status(reference: string | undefined, options: { evidence: string; json?: boolean }): Promise<number> {
  return await withConnection(async (connected) => {
    const which = await findWithArchives(connected, reference, options.evidence);
    const isWatched = 'found' in which && which.found.running && !which.found.inVirtualTime;
    const [looked, watchdog] = await Promise.all([
      'found' in which ? viewLedger(connected, which.found) : viewArchived(connected, which.archived),
      isWatched ? watchdogService(connected) : undefined,
    ]);
    const view = { ...looked, ...(watchdog ? { watchdog } : {}) };
    const { found, ledger, services, unanswered, archive } = view;
    const { link, build } = found;
    const shown = { colors: pc, now: Date.now(), link, build, services, watchdog, cutOff: cutOff(view) };
    if (options.json) printJson(statusDocument(view));
    else print(renderStatus(ledger, shown));
    if (archive) note(`\n${archiveText(archive)}.`);
    if (unanswered !== undefined) note(`\n${unanswered.message}. ${unanswered.hint}\n${FROM_HISTORY}`);
    return unanswered?.exitCode ?? exitCodeOf(view);
  });
}

/** What is shown without the workflow's own answer. */
export const FROM_HISTORY = 'What is shown is what its history says.';

export const statusDocument = (view: LedgerView) => {
  const { found, ledger, services, watchdog, unanswered, archive } = view;
  const how = cutOff(view);
  return {
    deploymentId: ledger.deployment,
    workflowId: found.workflowId,
    runId: found.runId,
    running: found.running,
    outcome: ledger.outcome ?? null,
    build: found.build ?? null,
    uiUrl: found.link ?? null,
    items: ledger.items ?? null,
    queues: services,
    ...(watchdog ? { watchdog } : {}),
    ...(how === undefined ? {} : { endedFromOutside: { how, left: leftBehind(ledger), next: wayOn(ledger) } }),
    ...(unanswered ? { unanswered: { message: unanswered.message, hint: unanswered.hint } } : {}),
    ...(archive ? { archive: { folder: archive.store, at: archive.at } } : {}),
    ledger,
  };
};

/** 0 while it runs or when it succeeded, 1 when it ended otherwise. */
export const exitCodeOf = ({
  found,
  ledger,
}: {
  found: { running: boolean };
  ledger: Pick<Ledger, 'outcome'>;
}): number => (found.running || ledger.outcome === 'succeeded' ? EXIT.good : EXIT.badly);
