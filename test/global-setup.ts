import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** When the newest of these was written; 0 when one is absent. */
function newest(...folders: string[]): number {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(root, folder, file)),
  );
  return Math.max(...files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}

const FAILED = 'SUREFOOT_TESTS_BUILD_FAILED';

/** The build's last file says when dist/ was complete. */
function isBuilt(): boolean {
  const built = statSync(join(root, 'dist/workflow-bundle.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return built > newest('src', 'sandbox/local', 'scripts');
}

/** Builds dist/ when a source is newer, so that tests use the CLI and the worker as they are shipped. */
export default function build(): void {
  // Two projects of tests set up one after the other: what did not compile for one does not for the other.
  if (isBuilt() || process.env[FAILED] === String(newest('src', 'sandbox/local', 'scripts'))) return;
  const { status, error } = spawnSync(process.execPath, ['scripts/build.js'], { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  // At work on one file, its own tests are worth running though another does not compile.
  if (process.env.CI) throw new Error('scripts/build.js failed', { cause: error });
  process.env[FAILED] = String(newest('src', 'sandbox/local', 'scripts'));
  console.error('scripts/build.js failed: tests that use dist/ will fail.');
}
