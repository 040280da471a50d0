import { type Handler, json, serve } from '../helpers/server.js';
import { metricSourceConforms } from './metric-source.js';
import { endless } from './sources.js';

const SECRET = 'row-of-somebody-else';
const answering =
  (body: unknown, status = 200): Handler =>
  (_, response) =>
    json(response, body, status);

metricSourceConforms({ kind: 'health', reader: 'adapters/metrics/health-metric.ts', secrets: [SECRET] }, (ask) => {
  const from = (handle: Handler) => async () =>
    ask({ kind: 'health', url: (await serve(handle)).url, window: 60_000, read: 'restarts' });
  return {
    value: from(answering({ started_at: '2026-11-26T10:00:00Z' })),
    none: from(answering({})),
    hidden: from(answering({ detail: SECRET }, 403)),
    partial: from((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write(`{"detail": "${SECRET}`, () => response.destroy());
    }),
    error: from(answering({ detail: SECRET }, 500)),
    hang: from(() => {}),
    nonsense: from((_, response) => response.end(`<html>${SECRET}`)),
    huge: from(endless('["a"],'.repeat(100_000))),
    rateLimit: from(answering({ detail: SECRET }, 429)),
    paging: { impossible: 'a health endpoint answers on one page' },
    secrets: { impossible: 'it is asked without a credential' },
  };
});
