import { defineConfig } from 'vitest/config';

/** The demo: the shipped plan on the real target. */
const DEMO = ['test/demo/**/*.test.ts'];
/** Thousands of deployments against the same laws: fewer of them in `npm test`. */
const MODEL = ['test/model/**/*.test.ts'];
/** What takes long, and wants the machine for itself: `npm run test:long`. */
const LONG = ['test/long/**/*.test.ts', 'test/deployments/**/*.test.ts'];
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
        test: { name: 'parts', include: ['test/**/*.test.ts'], exclude: [...DEMO, ...LONG], maxWorkers: 2 },
      },
      // Whole deployments, one at a time and after the rest: each wants the machine for itself.
      { extends: true, test: { name: 'demo', include: DEMO, maxWorkers: 1, sequence: { groupOrder: 1 } } },
      // `npm run test:long`.
      { extends: true, test: { name: 'long', include: LONG, maxWorkers: 1, sequence: { groupOrder: 2 } } },
      {
        extends: true,
        test: {
          name: 'model',
          include: MODEL,
          env: { MODEL_RUNS: process.env.MODEL_RUNS ?? '700' },
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
    allowOnly: !ci,
    reporters: ci ? ['default', 'json'] : ['default'],
    // `.ci/run` counts from this file.
    outputFile: { json: 'coverage/test-report.json' },
  },
});
