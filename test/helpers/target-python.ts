/** Python environments, as that of the sandbox's target, made once on a machine: making one takes many seconds. */
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { targetLayout } from '../../sandbox/local/target-layout.js';
import { publishFolder } from '../../src/local/downloads.js';
import { cacheFolder, projectFolder } from '../../src/local/folders.js';
import { ensureVirtualEnvironment, type VirtualEnvironment } from '../../src/local/python.js';
import { claimHome } from './own-home.js';

const REQUIREMENTS = join(projectFolder(), 'sandbox', 'target', 'requirements.txt');

export const targetPython = (): Promise<VirtualEnvironment> => pythonWith(REQUIREMENTS);

/**
 * Where it stands. Of two files at once each makes it, and one of the two stays.
 * @param requirements a file of packages with their hashes
 */
export async function pythonWith(requirements: string): Promise<VirtualEnvironment> {
  const digest = createHash('sha256').update(await readFile(requirements));
  const place = join(cacheFolder(), `test-python-${digest.digest('hex').slice(0, 12)}`);
  const folder = await publishFolder(place, async (temporary) => {
    await ensureVirtualEnvironment({ folder: temporary, requirements });
    await relocate(temporary, { from: temporary, to: place });
  });
  // It breaks when the Python that it was made from goes away.
  return ensureVirtualEnvironment({ folder, requirements });
}

/** Puts a copy where a sandbox in this folder, which is new and empty, will look for its own. */
export async function prepareHome(home: string): Promise<void> {
  const { folder: from } = await targetPython();
  const to = targetLayout(home).virtualEnvironment;
  await claimHome(home);
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
  await relocate(to, { from, to });
}

/** The programs of an environment name the folder that they were made in. */
async function relocate(environment: string, { from, to }: { from: string; to: string }): Promise<void> {
  const bin = join(environment, 'bin');
  const programs = (await readdir(bin, { withFileTypes: true })).filter((entry) => entry.isFile());
  for (const file of [join(environment, 'pyvenv.cfg'), ...programs.map(({ name }) => join(bin, name))]) {
    const text = await readFile(file, 'latin1');
    if (text.includes(from)) await writeFile(file, text.replaceAll(from, to), 'latin1');
  }
}
