import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { removeExternalFolder } from '../../sandbox/local/external-folder.js';

/**
 * A folder of this test's own, removed after it, along with what a sandbox in it keeps elsewhere. Ask for it before starting
 * anything: the last thing registered is cleaned up first.
 */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'surefoot-test-'));
  onTestFinished(async () => {
    await removeExternalFolder(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return folder;
}
