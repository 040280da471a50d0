import type { Command } from 'commander';
import { clockDifference } from '../../../domain/deployments/clocks.js';
import { type EvidenceJudgement, judgeEvidence } from '../../../domain/deployments/evidence-retention.js';
import { PlanError } from '../../../plan/core/problems.js';
import { withConnection } from '../../../temporal/connection.js';
import { CliError, EXIT } from '../../../temporal/errors.js';
import { openDeployments } from '../../../temporal/open-deployments.js';
import { aheadOfServer } from '../../../temporal/server-clock.js';
import { alignedRows } from '../../rendering/table.js';
import { keptEvidence, removeEvidence } from '../../retention/kept-evidence.js';
import pc from '../../terminal/colors.js';
import { exiting, note, print, printJson } from '../../terminal/output.js';
import { problemsText, tryLoad } from '../plan.js';

interface PruneOptions {
  bindings?: string;
  remove?: boolean;
  json?: boolean;
}

export function defineEvidence(evidence: Command): void {
  evidence
    .command('prune')
    .description('say which evidence is older than the plan keeps it, and needed by nothing; remove it with --remove')
    .argument('<PLAN>', 'the plan file: its service, its evidence folder, its `evidenceRetention`')
    .option('--bindings <FILE>', 'other hosts, credentials and folders for the same plan')
    .option('--remove', 'remove it; without this nothing is changed')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nWhat is younger stays, and so does what is not known, what goes on, and all since the last deployment that',
        'succeeded. Run it where the evidence is.',
        '\nExample:\n  $ surefoot evidence prune orders.yaml',
      ].join('\n'),
    )
    .action(exiting(prune));
}

async function prune(file: string, { bindings, remove = false, json }: PruneOptions): Promise<number> {
  const loaded = tryLoad(file, { bindings });
  if (loaded instanceof PlanError) {
    if (json) printJson({ ok: false, problems: loaded.problems });
    note(problemsText(loaded, file));
    return EXIT.usage;
  }
  const { service, evidence: store, evidenceRetention: retention } = loaded.resolved;
  return await withConnection(async (connected) => {
    const kept = await keptEvidence({ store, service }, connected.client.options.loadedDataConverter);
    const difference = clockDifference(await aheadOfServer(connected));
    if (difference !== undefined)
      throw new CliError(`This machine's clock is ${difference} Temporal's: how old evidence is is not known`, {
        hint: 'Nothing is removed. Put right whichever of the two is wrong: have both keep time by NTP.',
        exitCode: EXIT.badly,
      });
    // After what lies there was looked at: one that has begun since is not among it.
    const open = await openDeployments(connected, service);
    const judged = judgeEvidence(kept, { retention, now: Date.now(), open });
    const old = judged.filter(({ isRemovable }) => isRemovable);
    if (remove)
      await removeEvidence(
        store,
        old.map(({ deployment }) => deployment),
      );
    if (json)
      printJson({ ok: true, service, folder: store, retention: retention ?? null, removed: remove, evidence: judged });
    else print(pruneText(judged, { store, remove }));
    return EXIT.good;
  });
}

function pruneText(
  judged: readonly EvidenceJudgement[],
  { store, remove }: { store: string; remove: boolean },
): string {
  const old = judged.filter(({ isRemovable }) => isRemovable);
  const rows = judged.map(({ deployment, bytes, isRemovable, why }) => [
    { text: isRemovable ? (remove ? 'removed' : 'old') : 'kept', paint: isRemovable ? pc.yellow : pc.dim },
    { text: deployment, paint: pc.bold },
    { text: megabytes(bytes) },
    { text: why },
  ]);
  const bytes = megabytes(old.reduce((sum, each) => sum + each.bytes, 0));
  const done = remove ? 'were removed' : 'would be removed by --remove';
  return [...alignedRows(rows), `${old.length} of ${judged.length} deployments in ${store}, ${bytes}, ${done}`].join(
    '\n',
  );
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
