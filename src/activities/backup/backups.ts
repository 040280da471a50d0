/** Backups: a dump that is proven before it counts as one (checklist 1.1, 3.1). */

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { dumpName, hashOfFile, type OpenStore } from '../../adapters/backup/backup-store.js';
import type { Inventory } from '../../adapters/backup/database-inventory.js';
import { withSnapshot } from '../../adapters/backup/database-snapshot.js';
import { dumpDatabase, findDumpTools, printedBy, readDump, ToolFailure } from '../../adapters/backup/dump.js';
import { judgeContents, listDump } from '../../adapters/backup/dump-contents.js';
import { openBackupStore } from '../../adapters/backup/open-backup-store.js';
import { dropLeftovers } from '../../adapters/backup/trial-restore.js';
import { evidenceFile, storeEvidence } from '../../adapters/evidence/evidence-store.js';
import type { BackupActivities } from '../../contract/activities/backup.js';
import { databaseOf } from '../../contract/plan/parts.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, failures, passed } from '../../domain/evidence.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';
import { type Dumped, judgeSize, restoreAndCompare, shortList, type TrialRestore, untried } from './backup-proofs.js';
import { keep } from './keeping.js';

export interface BackupOptions {
  /** How long S3 may say nothing in the middle of a request, milliseconds. */
  s3Idle?: number;
}

type Input = Parameters<BackupActivities['backUpDatabase']>[0];

/**
 * Facts, always these: `created`, `size` (something, and plausible beside the dump before), `readable` (to its last
 * byte), `contents` (all that the catalogue has is listed), `restored` (into a scratch database, with the same revision,
 * rows and indexes), `stored` (and read back), `retention`. A dump that fails one is not stored.
 */
export function createBackupActivities(options: BackupOptions = {}): BackupActivities {
  return { backUpDatabase: (input) => withHeartbeat((signal) => backUp(input, options, signal)) };
}

interface Proof {
  /** `created` to `restored`. */
  facts: Fact[];
  /** 0 and empty when there is no dump. */
  bytes: number;
  sha256: string;
  at: number;
  restoreMilliseconds?: number;
  inventory?: Inventory;
  /** What is not in the dump, or could not be restored on trial, with the reasons. */
  leftOut?: string[];
  /** What a tool that failed has printed: for the evidence only. */
  printed?: string;
}

async function backUp(input: Input, options: BackupOptions, signal: AbortSignal) {
  const { key, evidence, environment, backup, service } = input;
  const database = databaseOf(environment);
  const keeping = { service, environment: environment.name, retention: backup.retention, signal };
  const store = await openBackupStore(backup.store, keeping, options.s3Idle);
  // First of all: a scratch server that can't be reached is worth another try, and a dump is dear.
  await dropLeftovers(backup.scratch, key.deployment).catch((error: ApplicationFailure) => {
    // One that refuses us will do so again: the dump's fact will say so.
    if (!error.nonRetryable) throw error;
  });
  const draft = evidenceFile(evidence, evidencePath(key, `${environment.name}.dump`));
  await clearInterrupted(draft);
  const file = `${draft}.${randomUUID()}.part`;
  try {
    const proof = await dumpAndProve({ input, store, file, signal });
    const { bytes, sha256, restoreMilliseconds } = proof;
    const name = dumpName({ at: proof.at, deployment: key.deployment, generation: key.generation, sha256 });
    const { stored, retention, location } = await keep(store, {
      file,
      proven: proof.facts,
      name,
      bytes,
      sha256,
      signal,
    });
    const facts = [...proof.facts, stored, retention];
    const known = { bytes, sha256, location, restoreMilliseconds };
    const { leftOut, inventory: dumped, printed } = proof;
    const record = { database: database.name, ...known, facts, leftOut, dumped, printed };
    const reference = await storeEvidence(evidence, {
      title: `Backup of ${database.name}`,
      path: evidencePath(key, 'backup.json'),
      content: `${JSON.stringify(record, undefined, 2)}\n`,
    });
    const took = formatDuration(restoreMilliseconds ?? 0);
    const good = `${database.name}: ${bytes} bytes, restored on trial in ${took}, ${stored.text}`;
    const report = { summary: '', facts, evidence: [reference], ...known };
    return { ...report, summary: passed(report) ? good : failures(report) };
  } finally {
    await clearInterrupted(draft);
  }
}

async function dumpAndProve(job: {
  input: Input;
  store: OpenStore;
  file: string;
  signal: AbortSignal;
}): Promise<Proof> {
  const { input, store, file, signal } = job;
  const { environment, backup } = input;
  const { name } = databaseOf(environment);
  const at = Date.now();
  const dumped = await dump(input, file, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof ToolFailure || (error instanceof ApplicationFailure && error.nonRetryable)) return error;
    throw error;
  });
  if (dumped instanceof Error) {
    const created = { name: 'created', ok: false, text: dumped.message };
    const others = ['size', 'readable', 'contents', 'restored'].map((fact) => untried(fact, 'looked at', [created]));
    return { facts: [created, ...others], bytes: 0, sha256: '', at, printed: printedBy(dumped) };
  }
  const { tools, inventory, warnings } = dumped;
  const { size: bytes } = await stat(file);
  const [sha256, whole, list] = await Promise.all([
    hashOfFile(file, signal),
    readDump(tools, file, signal),
    listDump(tools, file, signal),
  ]);
  const took = formatDuration(dumped.milliseconds);
  const warned = warnings.length > 0 ? `; it warns: ${shortList(warnings)}` : '';
  const created = { name: 'created', ok: true, text: `${name} dumped in ${took} by ${tools.version}${warned}` };
  const size = await judgeSize(store, { bytes, at, smallest: backup.smallest });
  signal.throwIfAborted();
  const readable = { name: 'readable', ok: whole.readable, text: whole.text };
  const listed = 'wrong' in list ? { ok: false, text: list.wrong } : judgeContents(list, name, inventory.entries);
  const contents = { name: 'contents', ...listed };
  const trial: TrialRestore =
    'wrong' in list || !readable.ok || !contents.ok
      ? { restored: untried('restored', 'restored on trial', [readable, contents]) }
      : await restoreAndCompare({ input, dumped, file, list, signal });
  const facts = [created, size, readable, contents, trial.restored];
  const { milliseconds: restoreMilliseconds, without = [], printed } = trial;
  const leftOut = [...warnings, ...without];
  return { facts, bytes, sha256, at, restoreMilliseconds, inventory, leftOut, printed };
}

/** Dumps and counts in one snapshot: what live traffic writes in the meantime is in neither. */
function dump({ environment, tool }: Input, file: string, signal: AbortSignal): Promise<Dumped> {
  const { tools: folders } = environment;
  const database = databaseOf(environment);
  return withSnapshot(database, signal, async (snapshot) => {
    const tools = await findDumpTools(snapshot.version, folders);
    // It holds everything that the database holds: made before pg_dump would, for nobody else to read.
    await writeFile(file, '', { mode: 0o600 });
    const begun = performance.now();
    const warnings = await dumpDatabase(tools, { database, snapshot: snapshot.id, file, signal });
    const milliseconds = performance.now() - begun;
    const inventory = await snapshot.inventory(migrationTool(tool).table);
    return { tools, locale: snapshot.locale, inventory, milliseconds, warnings };
  });
}

/** Removes what an attempt that was killed has left: half a dump is of no use to anybody. */
async function clearInterrupted(draft: string): Promise<void> {
  const folder = dirname(draft);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const left = (await readdir(folder)).filter((name) => name.startsWith(`${basename(draft)}.`));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}
