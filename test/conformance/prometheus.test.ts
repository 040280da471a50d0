import { patientRequests } from '../../src/adapters/http/patient-request.js';
import { prometheusBounds, readPrometheus, unknownSeries } from '../../src/adapters/metrics/prometheus/prometheus.js';
import { secret } from '../adapters/metrics/range-queries.js';
import { json, serve, type TestServer } from '../helpers/server.js';
import { answerOf, conforms } from './reader.js';
import { endless, hasty, keptOf, usual } from './sources.js';

const SECRET = 'token-not-to-be-seen';
const GRID = { first: 1_764_000_000_000, last: 1_764_000_015_000, step: 15_000 };
const { signal } = new AbortController();

const values = [GRID.first, GRID.last].map((at) => [at / 1_000, '0.5']);
const matrix = (result: object[], more: object = {}) => ({
  status: 'success',
  data: { resultType: 'matrix', result },
  ...more,
});
const labels = (data: string[], more: object = {}) => ({ status: 'success', data, ...more });

/** A stand-in that knows the query's series; `answer` is what it says of the query itself. */
async function standIn(answer: TestServer['handle']) {
  const { url } = await serve((request, response) => {
    if (request.url?.startsWith('/api/v1/label/')) return json(response, labels(['queue']));
    if (request.url?.includes('last_over_time')) return json(response, matrix([]));
    return answer(request, response);
  });
  const token = secret('TEST_PROMETHEUS_CONFORMS', SECRET);
  const source = { kind: 'prometheus', place: { api: url, token }, query: 'sum(queue)' } as const;
  return { ...source, window: 60_000, resolution: GRID.step, delay: 0 };
}

const read = async (answer: TestServer['handle'], patience = usual) => {
  const source = await standIn(answer);
  const ask = patientRequests(signal, patience);
  return keptOf(GRID, () => readPrometheus({ name: 'queue', unit: 'count', source }, GRID, ask));
};
const says = (body: unknown, status = 200) => read((_, response) => json(response, body, status));

conforms(
  'adapters/metrics/prometheus/prometheus.ts',
  {
    value: () => says(matrix([{ metric: {}, values }])),
    none: () => says(matrix([])),
    hidden: () => says({ status: 'error', errorType: 'forbidden', error: 'no tenant' }, 403),
    partial: () => says(matrix([{ metric: {}, values }], { isPartial: true })),
    error: () => says({ status: 'error', errorType: 'internal', error: 'x'.repeat(10_000) }, 500),
    hang: () => read(() => {}, hasty),
    nonsense: () => says(matrix([{ metric: {}, values: [[GRID.last / 1_000, 'many']] }])),
    huge: () => read(endless('[1,"2"],'.repeat(100_000))),
  },
  { secrets: [SECRET] },
);

const place = async (handle: TestServer['handle']) => {
  const { url } = await serve(handle);
  const query = 'histogram_quantile(0.95, sum by (le) (rate(seconds_bucket[1m])))';
  return { kind: 'prometheus', place: { api: url }, query, window: 60_000, resolution: 15_000, delay: 0 } as const;
};
const boundsOf = async (handle: TestServer['handle'], patience = usual) => {
  const source = await place(handle);
  const answer = await answerOf(() => prometheusBounds(source, patientRequests(signal, patience)));
  return 'known' in answer && (answer.known as number[]).length === 0 ? { none: 'it counts nothing yet' } : answer;
};
const unknownOf = async (handle: TestServer['handle'], patience = usual) => {
  const source = await place(handle);
  return answerOf(() => unknownSeries(source, patientRequests(signal, patience)));
};

for (const [what, ask, empty] of [
  ['bounds of buckets', boundsOf, labels([])],
  ['names that were never there', unknownOf, labels(['seconds_bucket'])],
] as const) {
  const answering = (body: unknown, status = 200) => ask((_, response) => json(response, body, status));
  conforms(`adapters/metrics/prometheus/prometheus.ts (${what})`, {
    value: () => answering(labels(['0.5', '+Inf'])),
    none: ask === boundsOf ? () => answering(empty) : { impossible: 'that no name is unknown is its value' },
    hidden: () => answering({ status: 'error', errorType: 'forbidden', error: 'no tenant' }, 403),
    partial: () => answering(labels([], { warnings: ['store: deadline exceeded'] })),
    error: () => answering({}, 500),
    hang: () => ask(() => {}, hasty),
    nonsense: () => answering({ status: 'success', data: 'many' }),
    huge: () => ask(endless('"a",'.repeat(200_000))),
  });
}
