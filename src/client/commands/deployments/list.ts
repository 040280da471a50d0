import { type Command, Option } from 'commander';
import { waitsFor } from '../../../domain/decisions/waits-for.js';
import {
  LISTED_OUTCOMES,
  type ListedDeployment,
  selectDeployments,
  type Wanted,
} from '../../../domain/deployments/listed.js';
import { knownDeployments } from '../../../report/history/known-deployments.js';
import { type Connected, withConnection } from '../../../temporal/connection.js';
import { findRun, readLedger } from '../../../temporal/deployments.js';
import { CliError, EXIT, innermost } from '../../../temporal/errors.js';
import { type ListedRow, listText } from '../../rendering/list.js';
import { evidenceOption } from '../../retention/archived.js';
import pc from '../../terminal/colors.js';
import { exiting, note, print, printJson } from '../../terminal/output.js';
import { since } from './since.js';

interface ListOptions extends Wanted {
  evidence: string;
  json?: boolean;
}

export function defineList(command: Command): void {
  command
    .option('--service <SERVICE>', 'of this service only')
    .addOption(new Option('--outcome <OUTCOME>', 'with this outcome only').choices(LISTED_OUTCOMES))
    .option('--since <TIME>', 'running, or ended since then: how long ago (30d), or a date (2025-11-24)', since)
    .addOption(evidenceOption())
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  $ surefoot list --outcome running\n  $ surefoot list --service shop --since 30d',
    )
    .action(exiting(list));
}

async function list({ evidence, json, ...wanted }: ListOptions): Promise<number> {
  return await withConnection(async (connected) => {
    const { deployments, unknown } = await knownDeployments(connected, evidence);
    const rows = await Promise.all(selectDeployments(deployments, wanted).map((each) => withPeople(connected, each)));
    if (json) printJson({ deployments: rows.map(rowDocument), unknown });
    else print(rows.length > 0 ? listText(rows, { colors: pc, now: Date.now() }) : 'There is no such deployment.');
    for (const text of unknown) note(`not known: ${text}`);
    return EXIT.good;
  });
}

/** Whom one waits for only its own workflow knows. */
async function withPeople(connected: Connected, listed: ListedDeployment): Promise<ListedRow> {
  if (listed.outcome !== 'running') return { listed };
  try {
    const found = await findRun(connected, listed);
    if (!found?.running) return { listed };
    const ledger = await readLedger(connected, found);
    return { listed: { ...listed, phase: ledger.phase }, waitsFor: waitsFor(ledger) };
  } catch (error) {
    return { listed, unanswered: error instanceof CliError ? error.message : innermost(error) };
  }
}

/** What is not known is null; so is what there is none of, and `unanswered` tells them apart. */
const rowDocument = ({ listed, waitsFor: waits, unanswered }: ListedRow) => ({
  deploymentId: listed.deployment ?? null,
  service: listed.service ?? null,
  workflowId: listed.workflowId,
  runId: listed.runId,
  outcome: listed.outcome,
  phase: listed.phase ?? null,
  target: listed.target ?? null,
  startedAt: new Date(listed.startedAt).toISOString(),
  ...(listed.beginsAt === undefined ? {} : { beginsAt: new Date(listed.beginsAt).toISOString() }),
  endedAt: listed.endedAt === undefined ? null : new Date(listed.endedAt).toISOString(),
  virtualTime: listed.memoUnread ? null : (listed.inVirtualTime ?? false),
  archived: listed.archived ?? false,
  waitsFor:
    waits ?? (listed.waitingFor === undefined ? null : [{ question: listed.waitingFor, title: null, roles: null }]),
  ...(unanswered === undefined ? {} : { unanswered }),
});
