/**
 * What a service does not have, its plan does not name: parts of the examples and pairs of them are left out, with all that
 * is told of then, and what is accepted rehearses to the end. `LEFT_OUT_RUNS` says how many, `LEFT_OUT_SEED` which.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rehearse } from '../../src/rehearsal/rehearse.js';
import { choicesOf, EXAMPLES, leaveOut, rehearsalOf, wrongWith } from '../rehearsal/left-out.js';

const RUNS = Number(process.env.LEFT_OUT_RUNS ?? 75);
const SEED = Number(process.env.LEFT_OUT_SEED ?? Date.now() % 1_000_000);
/** As many are played on one server. */
const AT_ONCE = 25;

const all = EXAMPLES.flatMap((example) => choicesOf(example).map((parts) => ({ example, parts })));
const chosen =
  fc.sample(fc.shuffledSubarray(all, { minLength: RUNS, maxLength: RUNS }), { seed: SEED, numRuns: 1 })[0] ?? [];
const batches = Array.from({ length: Math.ceil(RUNS / AT_ONCE) }, (_, batch) =>
  chosen.slice(batch * AT_ONCE, (batch + 1) * AT_ONCE),
);

test.each(batches.map((batch, index) => ({ index, batch })))(
  `plans without some of their parts, batch $index of seed ${SEED}`,
  async ({ index, batch }) => {
    const settled = batch.map(({ example, parts }) => ({ example, parts, ...leaveOut(example, parts) }));
    const accepted = settled.flatMap(({ file, example, parts }) => (file ? [{ file, example, parts }] : []));
    const rehearsals = await rehearse(
      accepted.map(({ file }, place) => rehearsalOf(file, `left-out-${index}-${place}`)),
      { jobs: 2 },
    );
    try {
      const wrong = rehearsals.runs.flatMap((played, place) => {
        const { example, parts } = accepted[place] ?? {};
        return wrongWith(played).map((text) => `${example} without ${parts?.join(' and ')}: ${text}`);
      });
      expect(wrong).toEqual([]);
    } finally {
      await rehearsals.stop();
    }
  },
  1_800_000,
);
