import { defineConfig } from 'vitest/config';

const ci = Boolean(process.env.CI);

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    // Tests start real servers and databases: more at once than this only makes each slower.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    globalSetup: ['test/global-setup.ts'],
    allowOnly: !ci,
    reporters: ci ? ['default', 'json'] : ['default'],
    // `.ci/run` counts from this file.
    outputFile: { json: '.surefoot/test-report.json' },
  },
});
