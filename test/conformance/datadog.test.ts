import { patientRequests } from '../../src/adapters/http/patient-request.js';
import { readDatadog, unknownMetrics } from '../../src/adapters/metrics/datadog.js';
import { secret } from '../adapters/metrics/range-queries.js';
import { json, serve, type TestServer } from '../helpers/server.js';
import { answerOf, conforms } from './reader.js';
import { endless, hasty, keptOf, usual } from './sources.js';

const SECRET = 'datadog-key-not-to-be-seen';
const GRID = { first: 1_764_000_000_000, last: 1_764_000_015_000, step: 15_000 };
const { signal } = new AbortController();
const times = [GRID.first, GRID.last].map((at) => at - GRID.step);

const answer = (values: (number | null)[][], more: object = {}) => ({
  data: { attributes: { series: values.map(() => ({ query_index: 0 })), times, values } },
  ...more,
});

async function source(handle: TestServer['handle']) {
  const { url } = await serve(handle);
  const keys = { apiKey: secret('TEST_DATADOG_A', SECRET), applicationKey: secret('TEST_DATADOG_B', SECRET) };
  const queries = { cpu: 'avg:system.cpu.user{*}' };
  const asked = { kind: 'datadog', place: { api: url, ...keys }, queries, formula: 'cpu' } as const;
  return { ...asked, window: 60_000, resolution: GRID.step, delay: 60_000 };
}

const read = async (handle: TestServer['handle'], patience = usual) => {
  const metric = { name: 'cpu', unit: '%', source: await source(handle) };
  return keptOf(GRID, async () => (await readDatadog([metric], GRID, patientRequests(signal, patience))).get('cpu'));
};
const says = (body: unknown, status = 200) => read((_, response) => json(response, body, status));

conforms(
  'adapters/metrics/datadog.ts',
  {
    value: () => says(answer([[41, 42]])),
    none: () => says(answer([])),
    hidden: () => says({ errors: [`Forbidden ${SECRET}`] }, 403),
    partial: () => says(answer([[41]])),
    error: () => says({ errors: ['x'.repeat(10_000)] }, 500),
    hang: () => read(() => {}, hasty),
    nonsense: () => says({ series: [] }),
    huge: () => read(endless('[1,2,3],'.repeat(100_000))),
  },
  { secrets: [SECRET] },
);

const unknown = async (handle: TestServer['handle'], patience = usual) => {
  const asked = await source(handle);
  return answerOf(() => unknownMetrics(asked, patientRequests(signal, patience)));
};

conforms('adapters/metrics/datadog.ts (metrics that were never there)', {
  value: () => unknown((_, response) => json(response, { type: 'gauge' })),
  none: { impossible: 'that no metric is unknown is its value' },
  hidden: () => unknown((_, response) => json(response, { errors: ['Forbidden'] }, 403)),
  partial: { impossible: 'each metric is asked for by itself, and only its status counts' },
  error: () => unknown((_, response) => json(response, {}, 500)),
  hang: () => unknown(() => {}, hasty),
  nonsense: { impossible: 'only the status counts' },
  huge: () => unknown(endless('"a",'.repeat(200_000))),
});
