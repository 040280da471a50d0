/** Plays many deployments, each with something else happening to it, and holds all of them against the same laws. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { PlayedDeployment } from './deployment.js';
import type { Scenario } from './scenario.js';
import { compileWorkflows, type Workflows } from './workflow-run.js';

/** A run that failed is repeated with `MODEL_SEED`; `MODEL_RUNS` plays as many as wanted. */
const RUNS = Number(process.env.MODEL_RUNS ?? 350);
const SEED = Number(process.env.MODEL_SEED ?? Date.now() % 2 ** 31);

/**
 * @param title of the test
 * @param must what must have happened in one run of ten at least, lest the laws hold of nothing
 */
export function lawsHold(title: string, scenarios: fc.Arbitrary<Scenario>, must: string[]): void {
  let workflows: Workflows;
  beforeAll(async () => {
    workflows = await compileWorkflows();
  });

  test(`${title}: ${RUNS} deployments (seed ${SEED})`, async () => {
    const account: Record<string, number> = {};
    const begun = Date.now();
    const used = process.cpuUsage();
    const play = async (scenario: Scenario) => {
      const played = new PlayedDeployment(workflows, scenario);
      try {
        await played.play();
        for (const what of played.seen) account[what] = (account[what] ?? 0) + 1;
      } finally {
        await played.temporal.end();
      }
    };
    await fc.assert(fc.asyncProperty(scenarios, play), {
      ...{ numRuns: RUNS, seed: SEED, verbose: 1 },
      // Half an hour of shrinking helps nobody: the first counterexample is good enough to begin with.
      endOnFailure: !process.env.MODEL_SHRINK,
    });
    const seconds = Math.round((Date.now() - begun) / 1_000);
    const computed = Math.round(process.cpuUsage(used).user / 1e6);
    const took = `${seconds} s (${computed} s of computing)`;
    console.info(`${title}: seed ${SEED}, ${RUNS} deployments in ${took}\n${JSON.stringify(account)}`);
    for (const what of must) expect(account[what] ?? 0, what).toBeGreaterThan(RUNS / 10);
  }, 900_000);
}
