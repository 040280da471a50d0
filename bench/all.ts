/**
 * All benches, one after the other, each a program with a table of its own. The exit code is the worst of theirs: a bound
 * that is missed hides no figures that come after.
 *
 *   npm run bench
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHES = ['start-cost', 'reaction', 'approval', 'verification', 'history', 'scale', 'console', 'load-generator'];

const codes = BENCHES.map((name) => {
  console.log(`\n== ${name}`);
  const began = performance.now();
  const program = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const { status } = spawnSync(process.execPath, [program], { stdio: 'inherit' });
  console.log(`${name}: exit ${status}, ${Math.round((performance.now() - began) / 1_000)} s`);
  return status ?? 1;
});
process.exitCode = Math.max(...codes);
