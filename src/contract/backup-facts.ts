/** What a backup establishes: what boxes can rest on, and what there is nothing for in this plan. */
import type { Establishing } from './established.js';
import type { Backup } from './plan/backup.js';

const FACTS = ['created', 'size', 'readable', 'contents', 'restored', 'stored', 'retention'];

/** A dump establishes all; commands what there are commands for, and of what others keep what those tell of it. */
export function backupFacts(backup: Backup | undefined): Establishing {
  if (backup?.by === undefined) return { facts: FACTS };
  const { leaves, scratch, verify } = backup;
  const isFile = leaves.kind === 'file';
  const without: Record<string, string> = {};
  if (!isFile && leaves.bytes === undefined) without.size = 'backup.prints.bytes';
  if (!verify) without.readable = 'backup.verify';
  if (!isFile) without.retention = 'backup.store';
  const facts = FACTS.filter((name) => !Object.hasOwn(without, name));
  return { facts: scratch.remove ? [...facts, 'removed'] : facts, without };
}
