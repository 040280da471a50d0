/** `npm run check`: everything that can be known without running the project. Stops at the first that fails. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** The file behind a package's command, run by this same Node: works without a shell and on every system. */
function command(name, bin) {
  const manifest = require.resolve(`${name}/package.json`);
  const { bin: bins } = require(manifest);
  return join(dirname(manifest), typeof bins === 'string' ? bins : bins[bin]);
}

const steps = [
  ['Format and lint', () => [command('@biomejs/biome', 'biome'), 'check', '.']],
  ['Types', () => [command('typescript', 'tsc'), '--noEmit', '-p', '.']],
  ['Direction of imports', () => ['scripts/checks/imports.js']],
  ['Layers as the docs show them', () => ['scripts/checks/layers.js']],
  ['One meaning for each exported name', () => ['scripts/checks/names.js']],
  ['Files and folders that fit one look', () => ['scripts/checks/sizes.js']],
  ['Workflow code is deterministic', () => ['scripts/checks/determinism.js']],
  ['No shell but in the plan’s own scripts', () => ['scripts/checks/shells.js']],
  ['One launcher for programs', () => ['scripts/checks/launchers.js']],
  ['One reader of files', () => ['scripts/checks/files.js']],
  ['Build, with the workflow bundle', () => ['scripts/build.js']],
];

for (const [title, args] of steps) {
  console.log(`\n== ${title}`);
  const { status, error } = spawnSync(process.execPath, args(), { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    console.error(`\nCheck failed: ${title}${error ? ` (${error.message})` : ''}`);
    process.exit(1);
  }
}
console.log('\nAll checks passed.');
