import { probeOf } from '../../src/adapters/metrics/metric-sources.js';
import { secret } from '../adapters/metrics/range-queries.js';
import { type Handler, json, serve } from '../helpers/server.js';
import { metricSourceConforms } from './metric-source.js';
import { answerOf, conforms } from './reader.js';
import { endless, hasty, usual } from './sources.js';

const SECRET = 'token-not-to-be-seen';
const STEP = 15_000;
const LAST = 1_764_000_015_000;
const span = { since: LAST - 2 * STEP, at: LAST };
const { signal } = new AbortController();

const values = [LAST - STEP, LAST].map((at) => [at / 1_000, '0.5']);
const matrix = (result: object[], more: object = {}) => ({
  status: 'success',
  data: { resultType: 'matrix', result },
  ...more,
});
const labels = (data: string[], more: object = {}) => ({ status: 'success', data, ...more });

/** A stand-in that knows the query's series; `answer` is what it says of the query itself. */
async function standIn(answer: Handler) {
  const { url } = await serve((request, response) => {
    if (request.url?.startsWith('/api/v1/label/')) return json(response, labels(['queue']));
    if (request.url?.includes('last_over_time')) return json(response, matrix([]));
    return answer(request, response);
  });
  const token = secret('TEST_PROMETHEUS_CONFORMS', SECRET);
  const source = { kind: 'prometheus', place: { api: url, token }, query: 'sum(queue)' } as const;
  return { ...source, window: 60_000, resolution: STEP, delay: 0 };
}

// Half a token is one too many as well: words are cut to what people need.
metricSourceConforms(
  { kind: 'prometheus', reader: 'adapters/metrics/prometheus/prometheus.ts', secrets: [SECRET, SECRET.slice(0, 9)] },
  (ask) => {
    const from = async (answer: Handler, patience = usual) => ask(await standIn(answer), { span, patience });
    const says = (body: unknown, status = 200) => from((_, response) => json(response, body, status));
    return {
      value: () => says(matrix([{ metric: {}, values }])),
      none: () => says(matrix([])),
      hidden: () => says({ status: 'error', errorType: 'forbidden', error: 'no tenant' }, 403),
      partial: () => says(matrix([{ metric: {}, values }], { isPartial: true })),
      error: () => says({ status: 'error', errorType: 'internal', error: 'x'.repeat(10_000) }, 500),
      hang: () => from(() => {}, hasty),
      nonsense: () => says(matrix([{ metric: {}, values: [[LAST / 1_000, 'many']] }])),
      huge: () => from(endless('[1,"2"],'.repeat(100_000))),
      rateLimit: () => from((_, response) => response.writeHead(429, { 'retry-after': '60' }).end()),
      paging: { impossible: 'Prometheus answers a range whole, or says in its warnings that it has not' },
      secrets: () =>
        from((request, response) => {
          const error = `${'x'.repeat(280)} ${request.headers.authorization}`;
          json(response, { status: 'error', errorType: 'bad_data', error }, 400);
        }),
    };
  },
);

const place = async (handle: Handler) => {
  const { url } = await serve(handle);
  const query = 'histogram_quantile(0.95, sum by (le) (rate(seconds_bucket[1m])))';
  return { kind: 'prometheus', place: { api: url }, query, window: 60_000, resolution: 15_000, delay: 0 } as const;
};
const probe = async (handle: Handler) => probeOf({ name: 'p95', title: 'P95', unit: 's', source: await place(handle) });
const boundsOf = async (handle: Handler, patience = usual) => {
  const { bounds } = await probe(handle);
  const answer = await answerOf(async () => bounds?.({ signal, patience }));
  return 'known' in answer && (answer.known as number[]).length === 0 ? { none: 'it counts nothing yet' } : answer;
};
const unknownOf = async (handle: Handler, patience = usual) => {
  const { missing } = await probe(handle);
  return answerOf(async () => (await missing?.({ signal, patience }))?.names);
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
    rateLimit: () => ask((_, response) => response.writeHead(429, { 'retry-after': '60' }).end()),
  });
}
