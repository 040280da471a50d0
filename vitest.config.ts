import { defineConfig } from 'vitest/config';

const WHOLE = ['test/demo/**/*.test.ts', 'test/deployments/**/*.test.ts'];
/** What takes long: `npm run test:long`. */
const LONG = ['test/long/**/*.test.ts'];
const ci = Boolean(process.env.CI);

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 180_000,
    globalSetup: ['test/global-setup.ts'],
    projects: [
      // Tests start real servers and databases: more at once than this only makes each slower.
      {
        extends: true,
        test: { name: 'parts', include: ['test/**/*.test.ts'], exclude: [...WHOLE, ...LONG], maxWorkers: 2 },
      },
      // Whole deployments, one at a time and after the rest: each wants the machine for itself.
      { extends: true, test: { name: 'deployments', include: WHOLE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'long', include: LONG, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
    allowOnly: !ci,
    reporters: ci ? ['default', 'json'] : ['default'],
    // `.ci/run` counts from this file.
    outputFile: { json: 'coverage/test-report.json' },
  },
});
