import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Whole deployments on the real target, and what else takes long and waits for most of it. */
const LONG = ['test/long/**/*.test.ts', 'test/deployments/**/*.test.ts', 'test/demo/**/*.test.ts'];
/** Whole deployments in a simulated world. They wait for nothing but the processor: nothing real is timed beside them. */
const REHEARSED = ['test/long/{first-plans,left-out,rehearsals,same-each-time,scenarios-*}.test.ts'];
/** Thousands of deployments against the same laws. */
const MODEL = ['test/model/{at-sign-offs,in-production,on-the-way}.test.ts'];
/** Take longest of `long`, and of `model`, in this order. */
const LONGEST = [
  ...['real-time', 'faults', 'asked', 'killed-worker', 'kill-sweep', 'rollbacks', 'happy'],
  ...['scenarios-eduautismo', 'scenarios-orders-node', 'at-sign-offs', 'on-the-way'],
];
const ci = Boolean(process.env.CI);

/** What takes longest begins first, so that it does not go on alone in the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    const place = ({ moduleId }: TestSpecification) => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return found < 0 ? LONGEST.length : found;
    };
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => group(one) - group(other) || place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 180_000,
    globalSetup: ['test/global-setup.ts'],
    sequence: { sequencer: LongestFirst },
    projects: [
      // `npm test`. Tests start real servers and databases, and wait for them for more than half of their time.
      {
        extends: true,
        test: { name: 'parts', include: ['test/**/*.test.ts'], exclude: [...MODEL, ...LONG], maxWorkers: 3 },
      },
      // `npm run test:long`. One at a time: a fault of the processor is not seen where others take their part of it.
      {
        extends: true,
        test: { name: 'long', include: LONG, exclude: REHEARSED, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: { name: 'model', include: [...MODEL, ...REHEARSED], maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
    ],
    allowOnly: !ci,
    reporters: ci ? ['default', 'json'] : ['default'],
    // `.ci/run` counts from this file.
    outputFile: { json: 'coverage/test-report.json' },
  },
});
