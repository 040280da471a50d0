/**
 * Builds dist/: compiled sources, what is shipped as it is, and the workflow bundle that workers run. It is built aside
 * and put in place whole, so that a demo or a test that runs meanwhile never finds half of it.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleAsking } from './bundle/asking.js';
import { buildIdOf } from './bundle/build-id.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

// Of one length: the bundle underlines its modules' names.
const aside = `dist.new-${String(process.pid).padStart(10, '0')}`;
const replaced = `dist.old-${process.pid}`;
const compiler = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', aside];

try {
  execFileSync(process.execPath, compiler, { stdio: 'inherit' });

  // The recorder is a program of its own: plain JavaScript that runs without the rest of the worker.
  for (const file of ['recorder-process.mjs', 'process-identity.mjs', 'survivors.mjs']) {
    copyFileSync(join('src/adapters/commands', file), join(aside, 'src/adapters/commands', file));
  }
  chmodSync(join(aside, 'src/client/main.js'), 0o755);
  await bundleAsking(join(root, aside), join(root, 'dist'));

  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const workflowsPath = join(root, aside, 'src/workflows/index.js');
  const logger = new DefaultLogger('WARN');
  // Workers that encrypt payloads put the texts of failures into them, and so does the workflow sandbox.
  const failureConverterPath = join(root, aside, 'src/encryption/failures.js');
  const workflowInterceptorModules = [join(root, aside, 'src/workflows/common/unreadable-messages.js')];
  // Evaluated once for all workflows that a worker holds rather than by each, which takes 190 kB and a millisecond: no
  // module keeps anything (`scripts/checks/determinism.js`), and what they export is frozen.
  const preloadModules = [workflowsPath, ...workflowInterceptorModules];
  const bundle = { workflowsPath, workflowInterceptorModules, preloadModules, logger };
  // Outermost: what is not for its place is refused before anything else is made of it.
  const bound = [join(root, aside, 'src/encryption/bound-payloads.js'), ...workflowInterceptorModules];
  const [plain, encrypting] = await Promise.all([
    bundleWorkflowCode(bundle),
    bundleWorkflowCode({ ...bundle, failureConverterPath, workflowInterceptorModules: bound }),
  ]);
  // The SDK takes a stack trace of each promise, and follows each of its frames through the source map: a third of what a
  // workflow task costs, and a person who waits waits for it. A history that is replayed from the sources has them.
  const [plainCode, encryptingCode] = [plain, encrypting].map(({ code }) => `Error.stackTraceLimit = 0;${code}`);
  writeFileSync(join(aside, 'encrypting-workflow-bundle.js'), encryptingCode);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  writeFileSync(join(aside, 'build-id'), buildIdOf(version, [plainCode, encryptingCode], aside));
  writeFileSync(join(aside, 'workflow-bundle.js'), plainCode);

  try {
    renameSync('dist', replaced);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  renameSync(aside, 'dist');
} catch (error) {
  // What the compiler found is already on the screen.
  if (error.status === undefined) console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(aside, { recursive: true, force: true });
  rmSync(replaced, { recursive: true, force: true });
}
