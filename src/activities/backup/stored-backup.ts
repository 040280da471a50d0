/** A backup from before the deploy: fetched as it was stored, and what was recorded of it. */
import { writeFile } from 'node:fs/promises';
import { openBackupStore } from '../../adapters/backup/open-backup-store.js';
import { evidenceFile, referTo } from '../../adapters/evidence/evidence-store.js';
import type { EvidencePlace } from '../../contract/activities/step.js';
import type { BackupStore } from '../../contract/plan/backup.js';
import type { Environment } from '../../contract/plan/environment.js';
import type { Fact } from '../../domain/evidence.js';
import type { StoredBackup } from '../../domain/ledger/ledger.js';
import { LARGEST_RECORD, readText } from '../../files/bounded-files.js';

interface Whose {
  service: string;
  environment: Environment;
  evidence: EvidencePlace;
  from: StoredBackup;
}

const SIZE_UNKNOWN =
  'how large it may be is not known, as the record of the backup is gone; compare its sha256 and restore it by hand';

/** Fact: `fetched`. @param into the file that it is copied to */
export async function fetchBackup(
  { service, environment, evidence, from }: Whose,
  into: { store: BackupStore; retention: number; file: string; signal: AbortSignal },
): Promise<Fact> {
  const { store: place, retention, file, signal } = into;
  const name = 'fetched';
  try {
    const bytes = from.bytes ?? (await recordOf<{ bytes?: number }>(evidence, from))?.bytes;
    // It could go on for ever, and fill the disk that the way back needs.
    if (bytes === undefined) return { name, ok: false, text: `${from.location} is not fetched: ${SIZE_UNKNOWN}` };
    const store = await openBackupStore(place, { service, environment: environment.name, retention, signal });
    // It holds everything that the database held: made before the copy would, for nobody else to read.
    await writeFile(file, '', { mode: 0o600 });
    const sha256 = await store.fetch({ location: from.location, bytes }, file);
    if (sha256 === from.sha256) return { name, ok: true, text: `${from.location}, sha256 ${sha256}` };
    return {
      name,
      ok: false,
      text: `${from.location} is not the dump that was proven: sha256 ${sha256}, not ${from.sha256}`,
    };
  } catch (error) {
    signal.throwIfAborted();
    return { name, ok: false, text: `the dump could not be fetched: ${(error as Error).message}` };
  }
}

/** What was written down when the backup was made; nothing where that evidence is gone or is not what it was. */
export async function recordOf<Content>(place: EvidencePlace, { record }: StoredBackup): Promise<Content | undefined> {
  if (!record) return undefined;
  try {
    const found = await referTo(place, record.title, record.path);
    if (found.sha256 !== record.sha256) return undefined;
    return JSON.parse(await readText(evidenceFile(place, record.path), LARGEST_RECORD)) as Content;
  } catch {
    return undefined;
  }
}
