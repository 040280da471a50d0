/** What a build is named by: all that a worker may run workflows by, and nothing of where it was built. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildIdOf } from '../../scripts/bundle/build-id.js';
import { projectFolder } from '../../src/local/folders.js';

const ASIDE = 'dist.new-0000000042';
const PLAIN = `run(${ASIDE}/src/workflows/index.js);\n//# sourceMappingURL=data:here`;
const ENCRYPTING = `bind(${ASIDE}/src/encryption/failures.js);\n//# sourceMappingURL=data:here`;
const id = (plain: string, encrypting: string, aside = ASIDE) => buildIdOf('0.1.0', [plain, encrypting], aside);

test('another encrypting bundle is another build, though the plain one is the same', () => {
  const builds = [
    id(PLAIN, ENCRYPTING),
    id(PLAIN, ENCRYPTING.replace('bind', 'free')),
    id(PLAIN.replace('run', 'walk'), ENCRYPTING),
    id(ENCRYPTING, PLAIN),
  ];
  expect(new Set(builds).size).toBe(builds.length);
  expect(builds[0]).toMatch(/^0\.1\.0-[0-9a-f]{12}$/);
});

test('where it was built is no part of it', () => {
  const elsewhere = (code: string) => code.replace(ASIDE, 'dist.new-0000000043').replace('data:here', 'data:there');
  expect(id(elsewhere(PLAIN), elsewhere(ENCRYPTING), 'dist.new-0000000043')).toBe(id(PLAIN, ENCRYPTING));
});

test('what is shipped has the name of both its bundles', () => {
  const shipped = (file: string) => readFileSync(join(projectFolder(), 'dist', file), 'utf8');
  const [, aside = ''] = /(dist\.new-\d{10})/.exec(shipped('workflow-bundle.js')) ?? [];
  const { version } = JSON.parse(readFileSync(join(projectFolder(), 'package.json'), 'utf8'));
  const bundles = ['workflow-bundle.js', 'encrypting-workflow-bundle.js'].map(shipped);
  expect(shipped('build-id')).toBe(buildIdOf(version, bundles, aside));
});
