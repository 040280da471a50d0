/** Colours are for terminals: what is piped, in a pipeline too, is plain text. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../../../dist/src/client/main.js');
const PLAN = join(import.meta.dirname, '../../../plans/minimal.yaml');

const checked = (environment: NodeJS.ProcessEnv): string => {
  const { PATH, HOME } = process.env;
  const run = spawnSync(process.execPath, [MAIN, 'plan', 'check', PLAN], {
    env: { PATH, HOME, ...environment },
    encoding: 'utf8',
  });
  return run.stdout;
};

test('what is piped has none, in a pipeline either, unless they are wanted everywhere', () => {
  expect(checked({})).toContain('✓ ');
  for (const environment of [{}, { CI: '1' }, { NO_COLOR: '1' }, { FORCE_COLOR: '0' }]) {
    expect(checked(environment)).not.toContain('\u001b');
  }
  expect(checked({ FORCE_COLOR: '1' })).toContain('\u001b[32m✓');
});
