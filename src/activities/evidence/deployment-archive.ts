/** Proof that outlives Temporal's retention: see docs/report.md. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { encodeToPayload } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { evidenceFile, storeEvidence } from '../../adapters/evidence/evidence-store.js';
import {
  archiveHistory,
  type HistorySource,
  payloadAsJson,
  type Run,
} from '../../adapters/evidence/history-archive.js';
import type { ArchiveActivities } from '../../contract/activities/archive.js';
import type { EvidencePlace } from '../../contract/activities/step.js';
import { ARCHIVE, type ArchivedHistory, type ArchiveIndex, archiveIndexPath } from '../../contract/archive.js';
import { messageOf } from '../../domain/message.js';
import { withHeartbeat } from '../commands/heartbeat.js';

export interface ArchiveOptions {
  /** Makes the report of what was archived just now, as people open it. */
  report(archived: { store: string; index: ArchiveIndex; client: Client }): Promise<string>;
}

export const createArchiveActivities = (options: ArchiveOptions): ArchiveActivities => ({
  archiveDeployment: (input) => withHeartbeat((signal) => archive(input, options, signal)),
});

async function archive(
  { evidence: place, ledger }: Parameters<ArchiveActivities['archiveDeployment']>[0],
  { report }: ArchiveOptions,
  signal: AbortSignal,
): Promise<{ untold: string[] }> {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution ?? { workflowId: '', runId: '' };
  // A try that was given up may still write: each has a folder of its own.
  const folder = `${ARCHIVE}/${runId}/${randomBytes(4).toString('hex')}`;
  try {
    const source = { workflowService: client.workflowService, namespace: client.options.namespace, signal };
    const { histories, missing } = await archiveHistories(source, { first: { workflowId, runId }, place, folder });
    const payload = await encodeToPayload(client.options.loadedDataConverter, ledger);
    const index: ArchiveIndex = {
      format: 1,
      deployment: place.deployment,
      service: ledger.service,
      workflowId,
      runId,
      startedAt: ledger.startedAt,
      archivedAt: Date.now(),
      ledger: await storeEvidence(place, {
        title: 'Closing ledger',
        path: `${folder}/ledger.json`,
        content: payloadAsJson(payload),
      }),
      histories,
      missing,
    };
    try {
      const content = await report({ store: place.store, index, client });
      index.report = await storeEvidence(place, { title: 'Report', path: `${folder}/report.html`, content });
    } catch (error) {
      missing.push(`the report: ${messageOf(error)}`);
    }
    signal.throwIfAborted();
    const content = `${JSON.stringify(index, undefined, 2)}\n`;
    await storeEvidence(place, { title: 'Archive', path: archiveIndexPath(runId), content });
    return { untold: missing.map((what) => `not archived: ${what}`) };
  } catch (error) {
    await rm(evidenceFile(place, folder), { recursive: true, force: true });
    throw error;
  }
}

/** The deployment's own, and all that it leads to. Only the first must be there. */
async function archiveHistories(
  source: HistorySource,
  { first, place, folder }: { first: Run; place: EvidencePlace; folder: string },
): Promise<{ histories: ArchivedHistory[]; missing: string[] }> {
  const [histories, missing]: [ArchivedHistory[], string[]] = [[], []];
  const runs = [first];
  const known = new Set([first.runId]);
  for (const run of runs) {
    const path = `${folder}/${encodeURIComponent(run.workflowId)}/${run.runId}.jsonl`;
    try {
      const { history, named } = await archiveHistory(source, { run, place, path });
      histories.push(history);
      const others = named.filter(({ runId }) => !known.has(runId));
      for (const other of others) {
        if (!known.has(other.runId)) runs.push(other);
        known.add(other.runId);
      }
    } catch (error) {
      if (run === first || source.signal.aborted) throw error;
      missing.push(`the history of ${run.workflowId}, run ${run.runId}: ${messageOf(error)}`);
    }
  }
  return { histories, missing };
}
