/** What becomes of a backup's file that has been proven. */
import type { OpenStore } from '../../adapters/backup/backup-store.js';
import type { Fact } from '../../domain/evidence.js';
import { untried } from './backup-proofs.js';

/** Only a dump that is proven is kept, and only then older ones may go. */
export async function keep(
  store: OpenStore,
  dump: { file: string; proven: Fact[]; name: string; bytes: number; sha256: string; signal: AbortSignal },
): Promise<{ stored: Fact; retention: Fact; location?: string }> {
  const failed = dump.proven.filter(({ ok }) => !ok);
  const unkept = (stored: Fact) => ({ stored, retention: untried('retention', 'kept for any time', [stored]) });
  if (failed.length > 0) return unkept(untried('stored', 'stored', failed));
  const finding = await attempt(dump.signal, () => store.keep(dump.file, dump));
  const stored = { name: 'stored', ok: finding.ok, text: finding.text };
  if (!finding.ok) return unkept(stored);
  const { ok, text } = await attempt(dump.signal, () => store.retain(dump));
  return { stored, retention: { name: 'retention', ok, text }, location: finding.location };
}

/** A store that fails has not established the fact; why is its text. */
async function attempt<T extends { ok: boolean; text: string }>(
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T | { ok: false; text: string; location?: undefined }> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, text: (error as Error).message };
  }
}
