import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { reason, SandboxError } from './errors.js';

/** A Python virtual environment: its interpreter, and the folder to put first on PATH. */
export type VirtualEnvironment = { folder: string; python: string; bin: string };

const OLDEST = [3, 10] as const;
const MARKER = 'surefoot-requirements.sha256';

/**
 * The `python3` on PATH.
 * @throws SandboxError `python-missing` when there is none, or it is older than 3.10.
 */
export async function findPython(): Promise<string> {
  const { stdout, failed } = await execa(
    'python3',
    ['-c', 'import sys; print(sys.executable, *sys.version_info[:2], sep="\\n")'],
    {
      reject: false,
    },
  );
  const [executable, major, minor] = stdout?.split('\n') ?? [];
  const usable = Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1];
  if (!failed && executable && usable) return executable;
  throw new SandboxError(
    'python-missing',
    failed ? 'python3 was not found on PATH' : `python3 is ${major}.${minor}, older than ${OLDEST.join('.')}`,
    {
      hint: 'Install Python >= 3.10 with venv: `apt-get install python3-venv` on Debian and Ubuntu, `brew install python` on macOS.',
    },
  );
}

/** An interpreter that has pip: the one on PATH, or a virtual environment made in `scratch` for the purpose. */
export async function pythonWithPip(scratch: string): Promise<string> {
  const python = await findPython();
  const { exitCode } = await execa(python, ['-m', 'pip', '--version'], { reject: false });
  if (exitCode === 0) return python;
  return (await makeVirtualEnvironment(python, join(scratch, 'venv'))).python;
}

/**
 * A virtual environment with exactly the packages of a requirements file with hashes. Kept while that file does not change.
 * `folder` is absolute; it is emptied first when it does not match.
 * @throws SandboxError `python-missing` or `virtual-environment-failed`.
 */
export async function ensureVirtualEnvironment(options: {
  folder: string;
  requirements: string;
  signal?: AbortSignal;
}): Promise<VirtualEnvironment> {
  const { folder, requirements } = options;
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const bin = join(folder, 'bin');
  const found = { folder, bin, python: join(bin, 'python') };
  const marker = join(folder, MARKER);
  if ((await readFile(marker, 'utf8').catch(() => '')).trim() === digest && (await runs(found.python))) return found;
  await rm(folder, { recursive: true, force: true });
  const environment = await makeVirtualEnvironment(await findPython(), folder);
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--require-hashes',
    '--no-deps',
  ];
  try {
    await execa(environment.python, [...pip, '-r', requirements], { cancelSignal: options.signal });
  } catch (error) {
    throw new SandboxError(
      'virtual-environment-failed',
      `installing ${requirements} into ${folder} failed: ${reason(error)}`,
      {
        hint: 'Check that PyPI (or the index that pip is configured for) can be reached, and that Python is between 3.10 and 3.13.',
        cause: error,
      },
    );
  }
  await writeFile(marker, `${digest}\n`);
  return environment;
}

async function runs(python: string): Promise<boolean> {
  // A virtual environment breaks when the Python that it was made from goes away.
  return (await execa(python, ['-c', ''], { reject: false })).exitCode === 0;
}

async function makeVirtualEnvironment(python: string, folder: string): Promise<VirtualEnvironment> {
  await mkdir(folder, { recursive: true });
  const { exitCode, all } = await execa(python, ['-m', 'venv', folder], { reject: false, all: true });
  if (exitCode !== 0) {
    throw new SandboxError('python-missing', `${python} cannot make a virtual environment in ${folder}: ${all}`, {
      hint: 'Python >= 3.10 with venv is needed: `apt-get install python3-venv` on Debian and Ubuntu.',
    });
  }
  return { folder, python: join(folder, 'bin', 'python'), bin: join(folder, 'bin') };
}
