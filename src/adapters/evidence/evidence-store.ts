import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EvidencePlace } from '../../contract/activities/step.js';
import { isDeploymentName } from '../../contract/names.js';
import type { EvidenceReference } from '../../domain/evidence.js';
import { fileStream } from '../../files/bounded-files.js';
import { redact, redaction } from './redaction.js';
import { knownSecrets } from './secrets.js';

/** The file that a path of the store stands for. Paths stay inside the deployment's folder. */
export function evidenceFile(place: EvidencePlace, path: string): string {
  if (!isDeploymentName(place.deployment)) throw new Error(`${place.deployment} names no folder of the evidence store`);
  const inside = normalize(path);
  if (inside.startsWith('..') || inside.startsWith('/')) throw new Error(`${path} leaves the evidence folder`);
  return join(place.store, place.deployment, inside);
}

/**
 * Writes content as evidence: to a temporary name, then in place, so that a reader never sees half of it. No secret that
 * this process knows gets into it, whoever printed it; bytes (a picture) are taken as they are.
 */
export async function storeEvidence(
  place: EvidencePlace,
  evidence: { title: string; path: string; content: string | Buffer | Readable },
): Promise<EvidenceReference> {
  const file = evidenceFile(place, evidence.path);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomUUID()}.part`;
  const { content } = evidence;
  const secrets = knownSecrets();
  const stored = createWriteStream(temporary, { mode: 0o600 });
  if (content instanceof Readable) await pipeline(content, redaction(secrets), stored);
  else await pipeline(Readable.from([typeof content === 'string' ? redact(content, secrets) : content]), stored);
  await rename(temporary, file);
  return referTo(place, evidence.title, evidence.path);
}

/** A reference to evidence that is already in the store, hashed as it is there. */
export async function referTo(place: EvidencePlace, title: string, path: string): Promise<EvidenceReference> {
  const file = evidenceFile(place, path);
  const hash = createHash('sha256');
  await pipeline(await fileStream(file), hash);
  return { title, path, sha256: hash.digest('hex'), bytes: (await stat(file)).size };
}

/** Adds a line to a growing series. A line can be there twice after a retry: readers drop duplicates by time. */
export async function appendEvidence(place: EvidencePlace, path: string, line: string): Promise<void> {
  const file = evidenceFile(place, path);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await appendFile(file, `${line}\n`, { mode: 0o600 });
}
