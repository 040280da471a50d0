import type { Command } from 'commander';
import type { Period } from '../../../domain/deployments/dora.js';
import { doraCsv } from '../../../domain/deployments/dora-csv.js';
import { commitTime } from '../../../local/commit-time.js';
import { deliveryFigures } from '../../../report/history/delivery.js';
import { withConnection } from '../../../temporal/connection.js';
import { EXIT, usageError } from '../../../temporal/errors.js';
import { doraText } from '../../rendering/dora.js';
import { evidenceOption } from '../../retention/archived.js';
import pc from '../../terminal/colors.js';
import { exiting, note, print, printJson } from '../../terminal/output.js';
import { since } from './since.js';

interface HistoryOptions {
  dora?: boolean;
  service?: string;
  since?: number;
  repository?: string;
  evidence: string;
  csv?: boolean;
  json?: boolean;
}

export function defineHistory(command: Command): void {
  command
    .requiredOption('--dora', 'the four metrics of DORA, for each service and for all')
    .option('--service <SERVICE>', 'of this service only')
    .option('--since <TIME>', 'how long ago, or a date: 2025-11-24 (default: 90d)', since)
    .option('--repository <FOLDER>', 'a clone that has the commits: without it no lead time is known')
    .addOption(evidenceOption())
    .option('--csv', 'comma-separated values, a service a line; times in seconds, what is not known empty')
    .option('--json', 'one JSON document on stdout; times in milliseconds, what is not known null')
    .addHelpText(
      'after',
      '\nExample:\n  $ surefoot history --dora --since 90d --repository ../orders\n  $ surefoot history --dora --csv > dora.csv',
    )
    .action(exiting(history));
}

async function history({
  service,
  repository,
  evidence,
  csv,
  json,
  since: from = since('90d'),
}: HistoryOptions): Promise<number> {
  if (csv && json) throw usageError('--csv and --json exclude each other', 'Leave one of them out.');
  return await withConnection(async (connected) => {
    const period = { from, to: Date.now() };
    const committed = async (commit: string) =>
      repository === undefined ? undefined : await commitTime(repository, commit);
    const { services, all, notes } = await deliveryFigures(connected, { evidence, service, period, committed });
    if (json) printJson({ period: inWords(period), all, services: Object.fromEntries(services), notes });
    else if (csv) print(doraCsv(services, period));
    else print(doraText(services, all, { colors: pc, period, hasCommits: repository !== undefined }));
    for (const text of notes) note(`note: ${text}`);
    return EXIT.good;
  });
}

const inWords = ({ from, to }: Period) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
