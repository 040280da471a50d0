/** All deployments that there is word of: Temporal's, and those that only the evidence folder still has. */
import { existsSync } from 'node:fs';
import type { ListedDeployment } from '../../domain/deployments/listed.js';
import { inertValues } from '../../domain/inert.js';
import type { Ledger } from '../../domain/ledger/ledger.js';
import type { Connected } from '../../temporal/connection.js';
import { innermost } from '../../temporal/errors.js';
import { listDeployments } from '../../temporal/list-deployments.js';
import { type Archived, archivesIn, ledgerOfArchive } from './archive.js';

export interface KnownDeployment extends ListedDeployment {
  /** Of one that is archived. */
  ledger?: Ledger;
}

export interface KnownDeployments {
  deployments: KnownDeployment[];
  /** What is not among them, or is not known of one, and why; in sentences. */
  unknown: string[];
}

/** What an archive says of its deployment, and what it does not. */
export interface ToldByArchive {
  deployment: KnownDeployment;
  unknown: string[];
}

/**
 * @param store the evidence folder
 * @param tell for those who keep what archives say: they do not change
 */
export async function knownDeployments(
  connected: Connected,
  store: string,
  tell: (archived: Archived) => Promise<ToldByArchive> = (archived) => toldByArchive(connected, archived),
): Promise<KnownDeployments> {
  const [listed, { archives, unreadable }] = await Promise.all([listDeployments(connected), archivesIn(store)]);
  const runs = new Set(listed.map(({ runId }) => runId));
  const forgotten = archives.filter(({ index }) => !runs.has(index.runId));
  const told = await Promise.all(forgotten.map(tell));
  const folder = existsSync(store)
    ? []
    : [`there is no evidence folder ${store} here: what Temporal no longer has is not among them`];
  return {
    deployments: [...listed, ...told.map(({ deployment }) => deployment)],
    unknown: [
      ...folder,
      ...unreadable.map((file) => `${file} cannot be read: the deployment that it is the archive of is not among them`),
      ...listed.filter(({ memoUnread }) => memoUnread).map(unreadText),
      ...told.flatMap(({ unknown }) => unknown),
    ],
  };
}

const unreadText = ({ deployment, runId }: ListedDeployment): string =>
  `whether ${deployment ?? runId} runs in virtual time, and when it is to begin: what it was started with cannot be decoded`;

export async function toldByArchive({ client }: Connected, archived: Archived): Promise<ToldByArchive> {
  const { workflowId, runId, deployment, service, startedAt, archivedAt } = archived.index;
  const about = { workflowId, runId, deployment, service, startedAt, archived: true as const };
  try {
    const ledger = inertValues(await ledgerOfArchive(archived, client.options.loadedDataConverter));
    const { outcome, endedAt, phase, release } = ledger;
    return { deployment: { ...about, outcome, endedAt, phase, target: release.target, ledger }, unknown: [] };
  } catch (error) {
    // The archive is made at the end.
    const known: KnownDeployment = { ...about, outcome: 'unknown', endedAt: archivedAt };
    return { deployment: inertValues(known), unknown: [`how ${deployment} ended: ${innermost(error)}`] };
  }
}
