/** Deployments that Temporal no longer has, from the archive that their last activity has left in the evidence store. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LoadedDataConverter } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import proto from '@temporalio/proto';
import { ARCHIVE, type ArchivedHistory, type ArchiveIndex, isArchiveIndex } from '../../contract/archive.js';
import type { DeployInput, DeployResult } from '../../contract/deployment.js';
import { fileStream, readText } from '../../files/bounded-files.js';
import { CliError, EXIT } from '../../temporal/errors.js';
import { type EvidenceFolder, evidenceFolder, evidencePathIn, flawOf } from '../content/evidence.js';
import type { Gathered } from './gather.js';
import { readHistory } from './history.js';

/** Where archives are looked for when nobody says where. */
export const EVIDENCE_HERE = 'evidence';

/** Bytes of an index, of a ledger, of a history's first event: Temporal takes 4 MB of the latter two. */
const LARGEST = 16_000_000;

export interface Archived {
  /** The folder of all deployments' evidence. */
  store: string;
  index: ArchiveIndex;
}

/** By deployment, service, workflow or run: the newest. Undefined when the folder has none, or is not there. */
export async function findArchived(store: string, reference: string): Promise<Archived | undefined> {
  // What a deployment is archived under is known by its ID: thousands of others are not read for it.
  const isNamed = (await namesIn(store)).includes(reference);
  const indexes = isNamed
    ? (await indexesIn(store, reference)).indexes
    : (await archivesIn(store)).archives.map(({ index }) => index);
  const [newest] = indexes
    .map((index) => ({ store, index }))
    .filter(({ index: { deployment, service, workflowId, runId } }) =>
      [deployment, service, workflowId, runId].includes(reference),
    )
    .sort((one, other) => other.index.archivedAt - one.index.archivedAt);
  return newest;
}

/** All that the folder has, and the files of which nobody knows whose archive they are. */
export async function archivesIn(store: string): Promise<{ archives: Archived[]; unreadable: string[] }> {
  const each = await Promise.all((await namesIn(store)).map((deployment) => indexesIn(store, deployment)));
  return {
    archives: each.flatMap(({ indexes }) => indexes.map((index) => ({ store, index }))),
    unreadable: each.flatMap(({ unreadable }) => unreadable),
  };
}

async function indexesIn(
  store: string,
  deployment: string,
): Promise<{ indexes: ArchiveIndex[]; unreadable: string[] }> {
  const folder = join(store, deployment, ARCHIVE);
  const files = (await namesIn(folder)).filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
  const read = await Promise.all(files.map((file) => readJson(file).catch(() => undefined)));
  // One that was moved to another deployment's folder is not this one's.
  const isOwn = (value: unknown): value is ArchiveIndex => isArchiveIndex(value) && value.deployment === deployment;
  return { indexes: read.filter(isOwn), unreadable: files.filter((_, at) => !isOwn(read[at])) };
}

/**
 * The ledger as the workflow returned it.
 * @throws Error when it is not there, or cannot be decoded with the keys that there are
 */
export async function ledgerOfArchive(
  { store, index }: Archived,
  converter: LoadedDataConverter,
): Promise<DeployResult> {
  const ledger = await ledgerIn(evidenceFolder(store, index.deployment), index, converter);
  if (!ledger?.outcome) throw new Error(UNDECODED);
  return ledger;
}

const UNDECODED = 'its payloads cannot be decoded; if they are encrypted, set SUREFOOT_PAYLOAD_KEYS';

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw new CliError(`The evidence folder ${folder} cannot be read (${error.code})`, {
      hint: 'Run it as a user who may read it, or name another with --evidence.',
      exitCode: EXIT.unreachable,
      cause: error,
    });
  });

const readJson = async (file: string): Promise<unknown> => JSON.parse(await readText(file, LARGEST));

/**
 * What a report says, from the archive: the ledger as the workflow returned it.
 * @throws CliError exit 1 when the archive is not whole, or cannot be decoded with the keys that there are
 */
export async function gatherArchived({ store, index }: Archived, converter: LoadedDataConverter): Promise<Gathered> {
  const { workflowId, runId, deployment, archivedAt } = index;
  const place = evidenceFolder(store, deployment);
  const own = index.histories.find((history) => history.runId === runId);
  try {
    if (own === undefined) throw new Error('the deployment’s own history is not in it');
    const ledger = await ledgerOfArchive({ store, index }, converter);
    const input = await inputIn(place, own, converter);
    if (!input?.plan) throw new Error(UNDECODED);
    const archive = { store, at: archivedAt };
    return { workflowId, runId, status: 'COMPLETED', input, ledger, source: 'result', events: own.events, archive };
  } catch (error) {
    throw new CliError(`The archive of ${deployment} in ${store} cannot be used: ${(error as Error).message}`, {
      hint: 'Bring the folder back from a backup, or name another with --evidence.',
      exitCode: EXIT.badly,
      cause: error,
    });
  }
}

async function ledgerIn(
  place: EvidenceFolder,
  { ledger }: ArchiveIndex,
  converter: LoadedDataConverter,
): Promise<DeployResult | undefined> {
  const json = (await readJson(inside(place, ledger.path))) as Record<string, unknown>;
  const payload = proto.temporal.api.common.v1.Payload.fromObject(json);
  const [decoded] = await decodeArrayFromPayloads(converter, [payload]).catch(() => []);
  return decoded as DeployResult | undefined;
}

/** What the deployment was started with is in the first event: the rest of its history is not read. */
async function inputIn(
  place: EvidenceFolder,
  { path }: ArchivedHistory,
  converter: LoadedDataConverter,
): Promise<DeployInput | undefined> {
  const stream = await fileStream(inside(place, path), LARGEST);
  try {
    for await (const line of createInterface({ input: stream })) {
      const event = proto.temporal.api.history.v1.HistoryEvent.fromObject(JSON.parse(line));
      return (await readHistory([event], converter)).input as DeployInput | undefined;
    }
    return undefined;
  } finally {
    stream.destroy();
  }
}

function inside(place: EvidenceFolder, path: string): string {
  const file = evidencePathIn(place, path);
  if (file === undefined) throw new Error(`${path} leaves the evidence folder`);
  return file;
}

/** Whether all that the archive consists of is what it was when it was made. */
export async function flawsOfArchive({ store, index }: Archived) {
  const place = evidenceFolder(store, index.deployment);
  const all = [index.ledger, ...index.histories, ...(index.report ? [index.report] : [])];
  const flaws = await Promise.all(all.map((reference) => flawOf(place, reference)));
  return flaws.filter((flaw) => flaw !== undefined);
}
