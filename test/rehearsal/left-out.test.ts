/** What a service does not have, its plan does not name: a sample of what test/long goes through as a whole. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rehearse } from '../../src/rehearsal/rehearse.js';
import { choicesOf, EXAMPLES, leaveOut, partsOf, rehearsalOf, wrongWith } from './left-out.js';

const REQUIRED = ['surefoot', 'service', 'release', 'environments', 'commands', 'health'];

describe.each(EXAMPLES)('%s', (example) => {
  test('is accepted without any one of its parts once what rested on it is gone too, but for those every plan has', () => {
    const refused = partsOf(example).filter((part) => leaveOut(example, [part]).plan === undefined);
    // Production has an address.
    expect(refused).toEqual([...REQUIRED.slice(0, 2), 'hosts', ...REQUIRED.slice(2)]);
  }, 300_000);
});

test('what is accepted without some of its parts rehearses to the end, and what is off is not passed', async () => {
  const arbitrary = fc
    .constantFrom(...EXAMPLES)
    .chain((example) => fc.tuple(fc.constant(example), fc.constantFrom(...choicesOf(example))));
  const settled = fc.sample(arbitrary, 8).map(([example, parts]) => ({ parts, ...leaveOut(example, parts) }));
  const accepted = settled.flatMap(({ file }) => file ?? []).slice(0, 3);
  expect(accepted.length).toBeGreaterThan(0);
  const rehearsals = await rehearse(
    accepted.map((file, index) => rehearsalOf(file, `left-out-${index}`)),
    { jobs: 2 },
  );
  try {
    const wrong = rehearsals.runs.map((played) => wrongWith(played));
    expect(wrong, JSON.stringify(settled.map(({ parts }) => parts))).toEqual(accepted.map(() => []));
  } finally {
    await rehearsals.stop();
  }
}, 600_000);
