/** Backups: a dump that is proven before it counts as one (checklist 1.1, 3.1). */

import { rm, stat, writeFile } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import { dumpName, hashOfFile, type OpenStore } from '../../adapters/backup/backup-store.js';
import type { Inventory } from '../../adapters/backup/database-inventory.js';
import { withSnapshot } from '../../adapters/backup/database-snapshot.js';
import { dumpDatabase, findDumpTools, readDump } from '../../adapters/backup/dump.js';
import { judgeContents, listDump } from '../../adapters/backup/dump-contents.js';
import { openBackupStore } from '../../adapters/backup/open-backup-store.js';
import { AttemptLost, printedBy, ToolFailure } from '../../adapters/backup/tool-run.js';
import { dropLeftovers } from '../../adapters/backup/trial-restore.js';
import { stepFolder, wasPrepared } from '../../adapters/commands/recorder.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import type { BackupActivities, BackupReport } from '../../contract/activities/backup.js';
import { databaseOf } from '../../contract/plan/parts.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, failures, passed } from '../../domain/evidence.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import { recordGone } from '../commands/own-trouble.js';
import { evidencePath } from '../commands/recorded-commands.js';
import { once, recall, remember } from '../commands/remembered.js';
import {
  type Dumped,
  type DumpMoment,
  judgeSize,
  restoreAndCompare,
  shortList,
  type TrialRestore,
  untried,
} from './backup-proofs.js';
import { type Draft, inOwnDraft, type Records } from './draft.js';
import { isInterrupted, limitOf, recordedTool, untilMade, withinTries } from './dump-tools.js';
import { keep } from './keeping.js';
import { bytesDumped, ToolProgress } from './progress.js';

export interface BackupOptions extends Records {
  /** How long S3 may say nothing in the middle of a request, milliseconds. */
  s3Idle?: number;
}

type Input = Parameters<BackupActivities['backUpDatabase']>[0];

/**
 * Facts, always these: `created`, `size` (something, and plausible beside the dump before), `readable` (to its last
 * byte), `contents` (all that the catalogue has is listed), `restored` (into a scratch database, with the same revision,
 * rows and indexes), `stored` (and read back), `retention`. A dump that fails one is not stored.
 */
export function createBackupActivities(options: BackupOptions): BackupActivities {
  const { state, s3Idle } = options;
  return {
    backUpDatabase: (input) => {
      const progress = new ToolProgress();
      const work = (draft: Draft) => withinTries(() => backUp({ state, s3Idle, input, progress, ...draft }));
      return inOwnDraft(options, input, work, progress.text);
    },
  };
}

interface Work extends Draft {
  state: string;
  s3Idle?: number;
  input: Input;
  progress: ToolProgress;
}

interface Proof {
  /** `created` to `restored`. */
  facts: Fact[];
  /** Empty when there is no dump. */
  file: string;
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

async function backUp(work: Work): Promise<BackupReport> {
  const { state, input, signal, progress } = work;
  const { key, evidence, environment, backup, service } = input;
  const database = databaseOf(environment);
  const keeping = { service, environment: environment.name, retention: backup.retention, signal };
  const store = await openBackupStore(backup.store, keeping, work.s3Idle);
  // What is kept is no longer where it was made: a later attempt knows of it from here.
  const memory = (what: string) => `${stepFolder(state, key, 'dump')}.${what}.json`;
  const proof = await once(memory('proof'), () => dumpAndProve(work, store));
  const { bytes, sha256, restoreMilliseconds, facts: proven } = proof;
  const name = dumpName({ at: proof.at, deployment: key.deployment, generation: key.generation, sha256 });
  progress.at(() => `${bytes} bytes, proven: they are stored`);
  const dump = { file: proof.file, proven, name, bytes, sha256, signal };
  const { stored, retention, location } = await once(memory('kept'), () => keep(store, dump));
  const facts = [...proven, stored, retention];
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
}

async function dumpAndProve(work: Work, store: OpenStore): Promise<Proof> {
  const { state, input, signal, progress } = work;
  const { environment, backup } = input;
  const { name } = databaseOf(environment);
  await clearScratch(work);
  const dumped = await untilMade((attempt) => dump(work, attempt)).catch((error: unknown) => {
    if (isInterrupted(error)) throw error;
    signal.throwIfAborted();
    if (error instanceof ToolFailure || (error instanceof ApplicationFailure && error.nonRetryable)) return error;
    throw error;
  });
  if (dumped instanceof Error) {
    const created = { name: 'created', ok: false, text: dumped.message };
    const others = ['size', 'readable', 'contents', 'restored'].map((fact) => untried(fact, 'looked at', [created]));
    const printed = printedBy(dumped);
    return { facts: [created, ...others], file: '', bytes: 0, sha256: '', at: Date.now(), printed };
  }
  const { at, file, tools, inventory, warnings } = dumped;
  const { size: bytes } = await stat(file);
  progress.at(() => `${bytes} bytes dumped: they are read`);
  const reading = (attempt: number) => recordedTool(toolStep(work), `read-${attempt}`);
  const [sha256, whole, list] = await Promise.all([
    hashOfFile(file, signal),
    untilMade((attempt) => readDump(tools, file, reading(attempt))),
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
      : await restoreAndCompare({ state, input, dumped, list, signal, progress });
  const facts = [created, size, readable, contents, trial.restored];
  const { milliseconds: restoreMilliseconds, without = [], printed } = trial;
  const leftOut = [...warnings, ...without];
  return { facts, file, bytes, sha256, at, restoreMilliseconds, inventory, leftOut, printed };
}

/** First of all: a scratch server that can't be reached is worth another try, and a dump is dear. */
async function clearScratch({ state, input }: Work): Promise<void> {
  const { key, backup } = input;
  // From then on what is there may be this step's own.
  if (await wasPrepared(stepFolder(state, key, 'dump-1'))) return;
  await dropLeftovers(backup.scratch, key.deployment).catch((error: ApplicationFailure) => {
    // One that refuses us will do so again: the dump's fact will say so.
    if (!error.nonRetryable) throw error;
  });
}

const toolStep = ({ state, input: { key, environment, backup } }: Work) => ({
  state,
  key,
  environment,
  limit: limitOf(backup),
});

/**
 * Counts and dumps in one snapshot: what live traffic writes in the meantime is in neither. What was counted is kept before
 * pg_dump begins, which holds the snapshot by itself then: it goes on without whoever has made it, and so does the proof.
 */
async function dump(work: Work, attempt: number): Promise<Dumped> {
  const { state, input, signal, progress } = work;
  const { key, environment, tool, backup } = input;
  const database = databaseOf(environment);
  const record = `dump-${attempt}`;
  const file = `${work.file}.${attempt}`;
  const memory = `${stepFolder(state, key, record)}.moment.json`;
  const make = async (moment: DumpMoment): Promise<Dumped> => {
    const { tools, snapshot } = moment;
    progress.at(bytesDumped(file));
    const run = recordedTool(toolStep(work), record);
    return { ...moment, file, ...(await dumpDatabase(tools, { database, snapshot, file, run })) };
  };
  try {
    if (await wasPrepared(stepFolder(state, key, record))) {
      const moment = await recall<DumpMoment>(memory);
      if (moment === undefined) throw recordGone(record);
      return await make(moment);
    }
    return await withSnapshot(database, { signal, limit: limitOf(backup) }, async (snapshot) => {
      const tools = await findDumpTools(snapshot.version, environment.tools);
      const at = Date.now();
      progress.at(() => `the rows of ${snapshot.entries.filter(({ rows }) => rows).length} tables are counted`);
      const inventory = await snapshot.inventory(migrationTool(tool).table);
      const moment = { at, snapshot: snapshot.id, tools, locale: snapshot.locale, inventory };
      // It holds everything that the database holds: made before pg_dump would, for nobody else to read.
      await writeFile(file, '', { mode: 0o600 });
      await remember(memory, moment);
      signal.throwIfAborted();
      return make(moment);
    });
  } catch (error) {
    if (error instanceof AttemptLost) await rm(file, { force: true });
    throw error;
  }
}
