import { probeOf } from '../../src/adapters/metrics/metric-sources.js';
import { secret } from '../adapters/metrics/range-queries.js';
import { type Handler, json, serve } from '../helpers/server.js';
import { metricSourceConforms } from './metric-source.js';
import { answerOf, conforms } from './reader.js';
import { endless, hasty, usual } from './sources.js';

const SECRET = 'datadog-key-not-to-be-seen';
const STEP = 15_000;
const LAST = 1_764_000_015_000;
const span = { since: LAST - 2 * STEP, at: LAST + 60_000 };
const times = [LAST - 2 * STEP, LAST - STEP];
const signal = new AbortController().signal;

const answer = (values: (number | null)[][], more: object = {}) => ({
  data: { attributes: { series: values.map(() => ({ query_index: 0 })), times, values } },
  ...more,
});

async function source(handle: Handler) {
  const { url } = await serve(handle);
  const keys = { apiKey: secret('TEST_DATADOG_A', SECRET), applicationKey: secret('TEST_DATADOG_B', SECRET) };
  const queries = { cpu: 'avg:system.cpu.user{*}' };
  const asked = { kind: 'datadog', place: { api: url, ...keys }, queries, formula: 'cpu' } as const;
  return { ...asked, window: 60_000, resolution: STEP, delay: 60_000 };
}

// Half a key is one too many as well: words are cut to what people need.
metricSourceConforms(
  { kind: 'datadog', reader: 'adapters/metrics/datadog.ts', secrets: [SECRET, SECRET.slice(0, 11)] },
  (ask) => {
    const from = async (handle: Handler, patience = usual) => ask(await source(handle), { unit: '%', span, patience });
    const says = (body: unknown, status = 200) => from((_, response) => json(response, body, status));
    return {
      value: () => says(answer([[41, 42]])),
      none: () => says(answer([])),
      hidden: () => says({ errors: [`Forbidden ${SECRET}`] }, 403),
      partial: () => says(answer([[41]])),
      error: () => says({ errors: ['x'.repeat(10_000)] }, 500),
      hang: () => from(() => {}, hasty),
      nonsense: () => says({ series: [] }),
      huge: () => from(endless('[1,2,3],'.repeat(100_000))),
      rateLimit: () =>
        from((_, response) => {
          response.setHeader('x-ratelimit-reset', '60');
          json(response, {}, 429);
        }),
      paging: { read: () => says(answer([[41, 42]], { meta: { page: { after: 'more' } } })), whole: [41, 42] },
      secrets: () =>
        from((request, response) =>
          json(response, { errors: [`${'x'.repeat(285)} ${request.headers['dd-api-key']}`] }, 400),
        ),
    };
  },
);

const unknown = async (handle: Handler, patience = usual) => {
  const metric = { name: 'cpu', title: 'CPU', unit: '%', source: await source(handle) };
  return answerOf(async () => (await probeOf(metric).missing?.({ signal, patience }))?.names);
};

conforms(
  'adapters/metrics/datadog.ts (metrics that were never there)',
  {
    value: () => unknown((_, response) => json(response, { type: 'gauge' })),
    none: { impossible: 'that no metric is unknown is its value' },
    hidden: () => unknown((_, response) => json(response, { errors: ['Forbidden'] }, 403)),
    partial: { impossible: 'each metric is asked for by itself, and only its status counts' },
    error: () => unknown((_, response) => json(response, {}, 500)),
    hang: () => unknown(() => {}, hasty),
    nonsense: { impossible: 'only the status counts' },
    huge: () => unknown(endless('"a",'.repeat(200_000))),
    rateLimit: () => unknown((_, response) => response.writeHead(429, { 'retry-after': '60' }).end()),
    paging: { impossible: 'each metric is asked for by itself' },
    secrets: () => unknown((request, response) => json(response, { errors: [request.headers['dd-api-key']] }, 400)),
  },
  { secrets: [SECRET] },
);
