import { defineConfig } from 'vitest/config';

/** Whole deployments on the real target, and what takes long: each wants the machine for itself. */
const LONG = ['test/long/**/*.test.ts', 'test/deployments/**/*.test.ts', 'test/demo/**/*.test.ts'];
/** Thousands of deployments against the same laws. */
const MODEL = ['test/model/{at-sign-offs,in-production,on-the-way}.test.ts'];
const ci = Boolean(process.env.CI);

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 180_000,
    globalSetup: ['test/global-setup.ts'],
    projects: [
      // `npm test`. Tests start real servers and databases: more at once than this only makes each slower.
      {
        extends: true,
        test: { name: 'parts', include: ['test/**/*.test.ts'], exclude: [...MODEL, ...LONG], maxWorkers: 2 },
      },
      // `npm run test:long`.
      { extends: true, test: { name: 'long', include: LONG, maxWorkers: 1, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'model',
          include: MODEL,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    allowOnly: !ci,
    reporters: ci ? ['default', 'json'] : ['default'],
    // `.ci/run` counts from this file.
    outputFile: { json: 'coverage/test-report.json' },
  },
});
