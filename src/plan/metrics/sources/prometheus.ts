/** `prometheus`: a Prometheus server, or what answers like it. */
import { z } from 'zod';
import type { SourceOf } from '../../../contract/plan/metrics.js';
import type { PrometheusPlace } from '../../../contract/plan/providers.js';
import { reference, strict, text } from '../../core/basics.js';
import { environments, type PlannedProvider, providerHost } from './provider.js';
import { checkPlaceholders, checkRange, delay, fillRange, rangeKeys } from './range-source.js';
import { ofAnyUnit, type PlannedSource } from './source.js';

const schema = strict({
  ...rangeKeys('15s'),
  source: z.literal('prometheus').describe('A Prometheus server'),
  query: text().describe('PromQL that gives one number in `unit`; `{environment}` and `{window}` are filled in'),
  up: text()
    .optional()
    .describe('PromQL of series that are 1 while the target is there; worked out from `query` when left out'),
  delay: delay('0s'),
});

export const prometheusSource: PlannedSource<SourceOf<'prometheus'>, typeof schema> = {
  schema,
  reading: ofAnyUnit,
  check(resolution, { name, metric }) {
    const at = ['metrics', name];
    checkRange(resolution, { at, metric, kind: 'prometheus' });
    for (const key of ['query', 'up'] as const) {
      const text = metric[key];
      if (text !== undefined) checkPlaceholders(resolution, { text, at: [...at, key] });
    }
  },
  fill(metric, filling) {
    const inWindow = (milliseconds: number) => `${milliseconds}ms`;
    const filled = fillRange(metric, filling, { kind: 'prometheus', inWindow });
    if (filled === undefined) return undefined;
    const { times, place, fill } = filled;
    const up = metric.up === undefined ? {} : { up: fill(metric.up) };
    return { ...times, kind: 'prometheus', place, query: fill(metric.query), ...up };
  },
};

const place = strict({
  kind: z.literal('prometheus').describe('Prometheus, or what answers like it'),
  host: providerHost('its base URL'),
  token: reference('credentials').optional().describe('A key of `credentials`: a bearer token'),
  login: strict({ username: text().describe('The user'), password: reference('credentials') })
    .optional()
    .describe('User name and password, instead of a token'),
  environments,
});

export const prometheusProvider: PlannedProvider<PrometheusPlace, typeof place> = {
  schema: place,
  place({ host, token, login }, lookups) {
    if (token !== undefined && login !== undefined) lookups.report('Write `token` or `login`, not both', 'login');
    const found: PrometheusPlace = { api: lookups.host(host) };
    if (token !== undefined) found.token = lookups.secret(token, 'token');
    if (login !== undefined) {
      found.login = { username: login.username, password: lookups.secret(login.password, 'login', 'password') };
    }
    return found;
  },
};
