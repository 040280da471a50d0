/** Where alerts are configured: every kind of source, put through every situation. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { ALERT_SOURCES, readAlerts } from '../../src/adapters/alerts/alert-sources.js';
import { patientRequests } from '../../src/adapters/http/patient-request.js';
import type { Alerts } from '../../src/contract/plan/proofs.js';
import type { FoundAlert } from '../../src/domain/watch/alerts.js';
import { secret } from '../adapters/metrics/range-queries.js';
import { AWS_SECRET, awsAt } from '../helpers/aws.js';
import { json, serve, type TestServer } from '../helpers/server.js';
import { portConforms } from './port.js';
import { type Answer, answerOf } from './reader.js';
import { endless, hasty, throttled, usual } from './sources.js';

const SECRET = 'key-not-to-be-seen';

/** The alert that is looked for; another one is beside it, so that a list without it says something. */
const read = async (source: Alerts['source'], patience = usual): Promise<Answer> => {
  const signal = AbortSignal.timeout(patience.whole);
  const answer = await answerOf(() => readAlerts(source, { ask: patientRequests(signal, patience), signal }));
  if (!('known' in answer)) return answer;
  const wanted = (answer.known as FoundAlert[]).find(({ name }) => name === 'ErrorRate');
  if (wanted === undefined) return { none: 'the list has no such alert' };
  return wanted.unproven === undefined ? { known: wanted } : { unknown: wanted.unproven };
};

const file = (content: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'alerts.yml'), content);
  return read({ kind: 'rules-file', file: join(folder, 'alerts.yml') });
};

const prometheus = async (handle: TestServer['handle'], patience = usual) => {
  const { url } = await serve(handle);
  return read({ kind: 'prometheus', place: { api: url, token: secret('TEST_ALERTS_TOKEN', SECRET) } }, patience);
};
const rules = (names: string[], { health = 'ok', lastError = '', data = {}, warnings = [] as string[] } = {}) =>
  prometheus((_, response) => {
    const list = names.map((name) => ({ type: 'alerting', name, query: 'a > 1', health, lastError }));
    json(response, { status: 'success', data: { groups: [{ name: 'g', file: 'f', rules: list }], ...data }, warnings });
  });

const datadog = async (handle: TestServer['handle'], patience = usual) => {
  const { url } = await serve(handle);
  const keys = { apiKey: secret('TEST_ALERTS_A', SECRET), applicationKey: secret('TEST_ALERTS_B', SECRET) };
  return read({ kind: 'datadog', place: { api: url, ...keys } }, patience);
};
const monitors = (...pages: string[][]) =>
  datadog((request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
    if (page >= 1 && pages.length === 1) return void json(response, []);
    const names = pages[page];
    if (names === undefined) return void json(response, { errors: ['Internal'] }, 500);
    json(
      response,
      names.map((name) => ({ name, query: 'avg(last_5m):a{*} > 1' })),
    );
  });

const cloudwatch = async (handle: TestServer['handle'], patience = usual) => {
  const { url } = await serve(handle);
  return read({ kind: 'cloudwatch', place: awsAt(url).place }, patience);
};
const alarmsOf = (names: string[]) =>
  names.map((AlarmName) => ({ AlarmName, Threshold: 1, AlarmActions: ['arn'], Statistic: 'Sum' }));
const alarms = (names: string[], more: object = {}) =>
  cloudwatch((_, response) => json(response, { MetricAlarms: alarmsOf(names), ...more }));

const fires = { comparison: '>', threshold: 1 } as const;
const onPrometheus: FoundAlert = { name: 'ErrorRate', query: 'a > 1', breach: fires, unproven: undefined };
const onDatadog: FoundAlert = { name: 'ErrorRate', query: 'avg(last_5m):a{*} > 1', breach: fires, off: undefined };
const unread = { unread: 'it has no fixed threshold ()' };
const onCloudWatch: FoundAlert = { name: 'ErrorRate', query: 'Sum', breach: unread, off: undefined };
const ofTheCheckout = { impossible: 'it is a file of the checkout' };

portConforms('alert source', ALERT_SOURCES, {
  'rules-file': {
    module: 'adapters/alerts/rules-file.ts',
    situations: {
      value: () => file('groups: [{ rules: [{ alert: ErrorRate, expr: "a > 1" }] }]'),
      none: () => file('groups: []'),
      hidden: () => read({ kind: 'rules-file', file: '/nowhere/alerts.yml' }),
      partial: () => file('groups: [{ rules: [{ alert: ErrorRate'),
      error: () => read({ kind: 'rules-file', file: tmpdir() }),
      hang: ofTheCheckout,
      nonsense: () => file('hello: world'),
      huge: ofTheCheckout,
      rateLimit: ofTheCheckout,
      paging: ofTheCheckout,
      secrets: { impossible: 'it needs no credential' },
    },
  },
  prometheus: {
    module: 'adapters/alerts/prometheus-alerts.ts',
    situations: {
      value: () => rules(['Other', 'ErrorRate']),
      none: () => rules(['Other']),
      hidden: () => rules([]),
      partial: () => rules(['Other'], { warnings: ['a ruler did not answer'] }),
      error: () => rules(['ErrorRate'], { health: 'unknown' }),
      hang: () => prometheus(() => {}, hasty),
      nonsense: () => prometheus((_, response) => response.end('<html>')),
      huge: () => prometheus(endless('{"name":"a"},'.repeat(50_000))),
      rateLimit: () => prometheus(throttled, hasty),
      paging: { read: () => rules(['Other'], { data: { groupNextToken: 'more' } }), whole: onPrometheus },
      // Where the words are cut.
      secrets: () => rules(['ErrorRate'], { health: 'err', lastError: `${'x'.repeat(110)}${SECRET}` }),
    },
    secrets: [SECRET, SECRET.slice(0, 8)],
  },
  datadog: {
    module: 'adapters/alerts/datadog-monitors.ts',
    situations: {
      value: () => monitors(['Other', 'ErrorRate']),
      none: () => monitors(['Other']),
      hidden: () => monitors([]),
      partial: () => monitors(['Other'], ['Another']),
      error: () => datadog((_, response) => json(response, { errors: ['Internal'] }, 500)),
      hang: () => datadog(() => {}, hasty),
      nonsense: () => datadog((_, response) => response.end('<html>')),
      huge: () => datadog(endless('{"name":"a"},'.repeat(50_000))),
      rateLimit: () => datadog(throttled, hasty),
      paging: { read: () => monitors(['Other'], ['ErrorRate'], []), whole: onDatadog },
      secrets: () => datadog((_, response) => json(response, { errors: [`bad ${SECRET}`] }, 403)),
    },
    secrets: [SECRET],
  },
  cloudwatch: {
    module: 'adapters/alerts/cloudwatch-alarms.ts',
    situations: {
      value: () => alarms(['Other', 'ErrorRate']),
      none: () => alarms(['Other']),
      hidden: () => alarms([]),
      partial: () => alarms(['Other'], { NextToken: 'the same again and again' }),
      error: () => cloudwatch((_, response) => json(response, { __type: 'AccessDenied', message: 'no' }, 403)),
      hang: () => cloudwatch(() => {}, hasty),
      nonsense: () => cloudwatch((_, response) => response.end('<html>')),
      huge: () => cloudwatch(endless('{"MetricAlarms":['.repeat(50_000))),
      rateLimit: () =>
        cloudwatch((_, response) => json(response, { __type: 'Throttling', message: 'Rate exceeded' }, 400)),
      paging: {
        read: () =>
          cloudwatch(async (request, response) => {
            const isSecond = (await text(request)).includes('second-page');
            const page = isSecond ? {} : { NextToken: 'second-page' };
            json(response, { MetricAlarms: alarmsOf([isSecond ? 'ErrorRate' : 'Other']), ...page });
          }),
        whole: onCloudWatch,
      },
      secrets: () => cloudwatch((_, response) => json(response, { __type: 'AccessDenied', message: AWS_SECRET }, 403)),
    },
    secrets: [AWS_SECRET],
  },
});
