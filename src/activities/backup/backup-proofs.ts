/** What proves a dump, beside that it can be read: its size, and a restore on trial. */
import { join } from 'node:path';
import type { OpenStore } from '../../adapters/backup/backup-store.js';
import { type Inventory, inventoryDifferences } from '../../adapters/backup/database-inventory.js';
import type { Locale } from '../../adapters/backup/database-snapshot.js';
import type { DumpTools } from '../../adapters/backup/dump.js';
import { type DumpList, notTried } from '../../adapters/backup/dump-contents.js';
import type { Restored } from '../../adapters/backup/pg-restore.js';
import { isEssential } from '../../adapters/backup/restore-failures.js';
import { printedBy } from '../../adapters/backup/tool-run.js';
import { restoreOnTrial, scratchName } from '../../adapters/backup/trial-restore.js';
import { stepFolder, wasPrepared } from '../../adapters/commands/recorder.js';
import type { BackupActivities } from '../../contract/activities/backup.js';
import type { Database } from '../../contract/plan/environment.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, unknownFact } from '../../domain/evidence.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import { once } from '../commands/remembered.js';
import { isInterrupted, limitOf, recordedTool, untilMade } from './dump-tools.js';
import { type ToolProgress, tablesIn, tablesRestored } from './progress.js';

/** The database in the very moment that a dump is made of, and by what it is made. */
export interface DumpMoment {
  /** Epoch milliseconds. */
  at: number;
  /** As pg_dump is told of it. */
  snapshot: string;
  tools: DumpTools;
  locale: Locale;
  inventory: Inventory;
}

export interface Dumped extends DumpMoment {
  file: string;
  milliseconds: number;
  /** What pg_dump warned of. */
  warnings: string[];
}

export interface TrialRestore {
  restored: Fact;
  /** Of the restore, when there was one. */
  milliseconds?: number;
  /** All that could not be restored where it was tried, with the reasons. */
  without?: string[];
  /** By a pg_restore that failed. */
  printed?: string;
}

/** @param dump.smallest percent of the dump before it */
export async function judgeSize(
  store: OpenStore,
  dump: { bytes: number; at: number; smallest: number },
): Promise<Fact> {
  const name = 'size';
  if (dump.bytes === 0) return { name, ok: false, text: 'the dump is empty: 0 bytes' };
  try {
    const before = (await store.list()).findLast(({ at }) => at < dump.at);
    if (!before) return { name, ok: true, text: `${dump.bytes} bytes; no earlier dump is there to compare with` };
    const share = (dump.bytes / before.bytes) * 100;
    const text = `${dump.bytes} bytes, ${share.toFixed(0)} % of the dump before (${before.bytes} bytes, ${before.name})`;
    if (share >= dump.smallest) return { name, ok: true, text };
    return { name, ok: false, text: `${text}, less than ${dump.smallest} %` };
  } catch (error) {
    const reason = (error as Error).message;
    return { name, ok: false, text: `${dump.bytes} bytes; the dump before is unknown: ${reason}` };
  }
}

/** Restores on trial; an attempt that was interrupted is waited for, or what came of it is read. */
export async function restoreAndCompare(job: {
  state: string;
  input: Parameters<BackupActivities['backUpDatabase']>[0];
  dumped: Dumped;
  list: DumpList;
  signal: AbortSignal;
  progress: ToolProgress;
}): Promise<TrialRestore> {
  const { state, input, dumped, list, signal, progress } = job;
  const { key, environment, backup } = input;
  const { scratch } = backup;
  const { tools, locale, inventory, file } = dumped;
  const { table } = migrationTool(input.tool);
  const limit = limitOf(backup);
  const restore = async (attempt: number) => {
    const record = `restore-${attempt}`;
    const folder = stepFolder(state, key, record);
    const begun = await wasPrepared(folder);
    const name = await once(`${folder}.scratch.json`, async () => scratchName(key.deployment));
    progress.at(tablesRestored(join(folder, 'stderr.log'), tablesIn(list)));
    const run = recordedTool({ state, key, environment, limit }, record);
    const isOver = (error: unknown) => !isInterrupted(error);
    return restoreOnTrial(tools, { scratch, name, locale, file, list, table, limit, signal, begun, run, isOver });
  };
  try {
    const trial = await untilMade(restore);
    const { milliseconds } = trial;
    const missing = new Set(trial.without.map(({ entry }) => entry.id));
    const found = inventoryDifferences(inventory, trial.inventory, missing);
    const where = `on ${scratch.host}:${scratch.port} in ${formatDuration(milliseconds)}`;
    const without = trial.without.map(({ text }) => text);
    return { restored: judgeTrial({ where, found, trial, inventory, list, tool: input.tool }), milliseconds, without };
  } catch (error) {
    if (isInterrupted(error)) throw error;
    signal.throwIfAborted();
    const text = `${(error as Error).message}${advice(error, scratch)}`;
    return { restored: { name: 'restored', ok: false, text }, printed: printedBy(error) };
  }
}

function judgeTrial(seen: {
  where: string;
  found: string[];
  trial: Restored;
  inventory: Inventory;
  list: DumpList;
  tool: string;
}): Fact {
  const { where, found, trial, inventory, list, tool } = seen;
  const name = 'restored';
  if (found.length > 0) return { name, ok: false, text: `restored ${where}, but ${found.join('; ')}` };
  const without = trial.without.length > 0 ? `, without ${shortList(trial.without.map(({ text }) => text))}` : '';
  const essential = trial.without.filter(({ entry }) => isEssential(entry)).map(({ entry }) => entry.label);
  if (essential.length > 0) {
    return unknownFact(name, `restored ${where}${without}: of ${shortList(essential)} nothing is proven there`);
  }
  const untriedKinds = `; not tried: ${notTried(list)}`;
  return {
    name,
    ok: true,
    text: `restored ${where}: ${inventoryText(inventory, tool)}, all as in the database${without}${untriedKinds}`,
  };
}

/** The first few of what is missing; the evidence has all. */
export const shortList = (texts: string[]): string =>
  `${texts.slice(0, 4).join(', ')}${texts.length > 4 ? ` and ${texts.length - 4} more` : ''}`;

/** `revision 8c1f0a2d4b6e, 20001 rows in 6 tables, 4 valid indexes`. @param tool whose revision it is */
export function inventoryText({ revisions, rows, entries }: Inventory, tool: string): string {
  const counts = Object.values(rows);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const indexes = entries.filter(({ kind, valid }) => kind === 'index' && valid).length;
  // A database without the tool's table has a revision that only the tool knows.
  const revision =
    revisions && `${revisions.length > 0 ? `revision ${revisions.join(', ')}` : `no ${tool} revision`}, `;
  return `${revision ?? ''}${total} rows in ${counts.length} tables, ${indexes} valid indexes`;
}

const advice = (error: unknown, { user, host, port }: Database): string =>
  /permission denied to create database/.test((error as Error).message)
    ? `: grant CREATEDB to ${user} on ${host}:${port}, or name another server in \`backup.scratch\``
    : '';

/** A fact that could not be established, because of the ones of these that failed. */
export const untried = (name: string, what: string, because: Fact[]): Fact => {
  const failed = because.filter(({ ok }) => !ok).map((fact) => fact.name);
  return unknownFact(name, `not ${what}: ${failed.join(' and ')} failed`);
};
