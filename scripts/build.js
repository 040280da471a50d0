/** Builds dist/: compiled sources, what is shipped as it is, and the workflow bundle that workers run. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

// The recorder is a program of its own: plain JavaScript that runs without the rest of the worker.
for (const file of ['recorder-process.mjs', 'process-identity.mjs']) {
  mkdirSync('dist/src/adapters', { recursive: true });
  copyFileSync(join('src/adapters', file), join('dist/src/adapters', file));
}
chmodSync('dist/src/client/main.js', 0o755);

const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
const { code } = await bundleWorkflowCode({
  workflowsPath: join(root, 'dist/src/workflows/index.js'),
  logger: new DefaultLogger('WARN'),
});
writeFileSync('dist/workflow-bundle.js', code);
