/** State folders of sandboxes, several of which start at the same time. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { choosePorts } from '../../src/local/ports.js';

/**
 * Makes an empty folder a sandbox's, with ports of its own from the start: each new one would have those that people know
 * by heart, and of two that start at once one would lose them.
 */
export async function claimHome(home: string): Promise<void> {
  await writeFile(join(home, '.surefoot-state'), '');
  await choosePorts(home, ['temporalUi', 'console']);
}
