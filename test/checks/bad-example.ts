import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Runs one of scripts/checks over a small project made of these files: path → text. */
export function check(
  script: 'imports' | 'determinism' | 'files' | 'launchers' | 'shells' | 'sizes',
  files: Record<string, string>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-check-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const args = [join(import.meta.dirname, `../../scripts/checks/${script}.js`), folder];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, problems: stderr.trim(), said: stdout.trim() };
}
