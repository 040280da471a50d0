/**
 * What encrypted payloads cost: the shipped plan's happy path rehearsed with a payload key and without, pair by pair.
 * Exit 1 when the bound is missed.
 *
 * Server, workflows and what they hand to each other are those of a deployment; its world is simulated, and in virtual
 * time nothing is waited for: payloads are a larger part of it than of anything real.
 *
 *   npm run bench:encryption [-- --rounds N --json]
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { boundAnswers } from '../src/encryption/bound-answers.js';
import { clientEncryption, dataConverter } from '../src/encryption/data-converter.js';
import { projectFolder } from '../src/local/folders.js';
import { type RehearseOptions, rehearse } from '../src/rehearsal/rehearse.js';
import { happyScenario } from '../src/rehearsal/scenario/scenario.js';
import { warnOfLoad } from './machine.js';
import { flag, measurePairs, rowOf, tell } from './pairs.js';

const PLAN = 'plans/eduautismo-performance.yaml';
const AT_MOST = 1.3;

/** Milliseconds from its start to its end; the server's own start is not in it. */
async function rehearsed(options: Pick<RehearseOptions, 'bundle' | 'encryption'>): Promise<number> {
  const { runs, stop } = await rehearse([happyScenario(PLAN)], { jobs: 1, ...options });
  await stop();
  const [run] = runs;
  if (run?.outcome !== 'succeeded') throw new Error(`the rehearsal has ${run?.outcome}: ${run?.ledger.reason}`);
  return run.wallSeconds * 1_000;
}

warnOfLoad();
process.env.BENCH_KEY = randomBytes(32).toString('base64');
process.env.SUREFOOT_PAYLOAD_KEYS = 'bench=env:BENCH_KEY';
const encrypted = {
  encryption: {
    client: clientEncryption('replace'),
    worker: { dataConverter: dataConverter('replace'), interceptors: { activity: [boundAnswers] } },
  },
  bundle: join(projectFolder(), 'dist', 'encrypting-workflow-bundle.js'),
};
// Each takes a third of a minute: one pair is enough to warm up by.
const asked = { ours: () => rehearsed(encrypted), bare: () => rehearsed({}), warming: 1 };
const pairs = await measurePairs(flag('rounds', 5), asked);
process.exitCode = tell([rowOf('rehearsal, encrypted and in clear', pairs, AT_MOST)]);
