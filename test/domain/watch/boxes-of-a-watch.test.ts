/** From what a metric said to the box that rests on it: what a careful person would write there. */
import { expect, test } from 'vitest';
import { itemStatuses } from '../../../src/domain/items.js';
import { type Criterion, emptyState, observe, type Sample, sampleOf } from '../../../src/domain/watch/criteria.js';
import { watchFacts } from '../../../src/domain/watch/facts.js';
import { criterionResultOf } from '../../../src/domain/watch/verdict.js';
import { criterionWith } from '../../helpers/criteria.js';

const MINUTE = 60_000;
const errors = criterionWith({
  title: 'Taxa de erro < 1%',
  breach: { comparison: '>=', threshold: 1 },
  tier: 'require',
  minimumSamples: 10,
});
const box = { id: '4.2.4', title: errors.title, by: [{ step: 'watch-1h', fact: 'errors' }] };

/** An hour of samples, one a minute. */
const hour = (sample: (minute: number, at: number) => Sample) =>
  Array.from({ length: 60 }, (_, minute) => sample(minute, minute * MINUTE));
const value = (number: number) => hour((_, at) => sampleOf(at, number));
const noData = (reason: string) => hour((_, at) => ({ at, kind: 'noData', reason }));
const error = (message: string) => (at: number) => ({ at, kind: 'error', message }) as const;

function boxAfter(samples: readonly Sample[], rule: Criterion = errors, endedEarly = false) {
  const state = samples.reduce((seen, sample) => observe(rule, seen, sample), emptyState());
  const criteria = [criterionResultOf(rule, state)];
  const facts = watchFacts({ criteria, trends: [], endedEarly, waivers: new Map() });
  const [status] = itemStatuses([box], [{ id: 'watch-1h', state: 'failed', facts, evidence: [] }]);
  return [status?.state, status?.text];
}

test.each<[string, Sample[], state: string, text: RegExp]>([
  ['values on the good side', value(0.4), 'passed', /healthy/],
  ['values on the other side', value(1), 'failed', /breached, .* worst 1 %/],
  [
    'a breach of a minute and a half',
    hour((minute, at) => sampleOf(at, minute === 20 || minute === 21 ? 5 : 0)),
    'passed',
    /healthy/,
  ],
  ['a series that is not there', noData('no series http_requests_total'), 'unknown', /no series http_requests_total/],
  ['a misspelt metric', hour((_, at) => error('no metric eror_rate')(at)), 'unknown', /no metric eror_rate/],
  ['0 of 0, a night without requests', value(Number.NaN), 'unknown', /not a number/],
  ['x of 0', value(Number.POSITIVE_INFINITY), 'failed', /breached/],
  ['a source that is away all the time', hour((_, at) => error('503')(at)), 'unknown', /503/],
  [
    'a source that is away for ten minutes',
    hour((minute, at) => (minute > 20 && minute < 31 ? error('503')(at) : sampleOf(at, 0.2))),
    'passed',
    /healthy/,
  ],
  [
    'a source that is away from the middle to the end',
    hour((minute, at) => (minute < 30 ? sampleOf(at, 0.2) : error('503')(at))),
    'unknown',
    /503/,
  ],
  ['too few samples to say anything', value(0.2).slice(0, 9), 'unknown', /9 samples/],
  ['nothing at all', [], 'unknown', /0 samples/],
])('%s', (_, samples, state, text) => {
  expect(boxAfter(samples)).toEqual([state, expect.stringMatching(text)]);
});

test('no data fails the box where the plan says that it is a breach', () => {
  const [state] = boxAfter(noData('no series'), { ...errors, noData: 'breached' });
  expect(state).toBe('failed');
});

test('a watch that another rule has ended early leaves the box open', () => {
  expect(boxAfter(value(0.2).slice(0, 3), errors, true)).toEqual(['unknown', expect.stringMatching(/undecided/)]);
});
