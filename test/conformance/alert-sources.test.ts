import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { readAlerts } from '../../src/adapters/alerts/alert-sources.js';
import { patientRequests } from '../../src/adapters/http/patient-request.js';
import type { Alerts } from '../../src/contract/plan/proofs.js';
import type { FoundAlert } from '../../src/domain/watch/alerts.js';
import { secret } from '../adapters/metrics/range-queries.js';
import { AWS_SECRET, awsAt } from '../helpers/aws.js';
import { json, serve, type TestServer } from '../helpers/server.js';
import { type Answer, answerOf, conforms } from './reader.js';
import { endless, hasty, usual } from './sources.js';

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

const file = (text: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'alerts.yml'), text);
  return read({ kind: 'rules-file', file: join(folder, 'alerts.yml') });
};

conforms('adapters/alerts/alert-sources.ts (a file of rules)', {
  value: () => file('groups: [{ rules: [{ alert: ErrorRate, expr: "a > 1" }] }]'),
  none: () => file('groups: []'),
  hidden: () => read({ kind: 'rules-file', file: '/nowhere/alerts.yml' }),
  partial: () => file('groups: [{ rules: [{ alert: ErrorRate'),
  error: () => read({ kind: 'rules-file', file: tmpdir() }),
  hang: { impossible: 'it is a file of the checkout' },
  nonsense: () => file('hello: world'),
  huge: { impossible: 'it is a file of the checkout' },
});

const prometheus = async (handle: TestServer['handle'], patience = usual) => {
  const { url } = await serve(handle);
  return read({ kind: 'prometheus', place: { api: url, token: secret('TEST_ALERTS_TOKEN', SECRET) } }, patience);
};
const rules = (names: string[], { health = 'ok', ...more }: { health?: string; warnings?: string[] } = {}) =>
  prometheus((_, response) => {
    const list = names.map((name) => ({ type: 'alerting', name, query: 'a > 1', health }));
    json(response, { status: 'success', data: { groups: [{ name: 'g', file: 'f', rules: list }] }, ...more });
  });

conforms(
  'adapters/alerts/alert-sources.ts (Prometheus)',
  {
    value: () => rules(['Other', 'ErrorRate']),
    none: () => rules(['Other']),
    hidden: () => rules([]),
    partial: () => rules(['Other'], { warnings: ['a ruler did not answer'] }),
    error: () => rules(['ErrorRate'], { health: 'unknown' }),
    hang: () => prometheus(() => {}, hasty),
    nonsense: () => prometheus((_, response) => response.end('<html>')),
    huge: () => prometheus(endless('{"name":"a"},'.repeat(50_000))),
  },
  { secrets: [SECRET] },
);

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

conforms(
  'adapters/alerts/alert-sources.ts (Datadog)',
  {
    value: () => monitors(['Other', 'ErrorRate']),
    none: () => monitors(['Other']),
    hidden: () => monitors([]),
    partial: () => monitors(['Other'], ['Another']),
    error: () => datadog((_, response) => json(response, { errors: [`bad ${SECRET}`] }, 403)),
    hang: () => datadog(() => {}, hasty),
    nonsense: () => datadog((_, response) => response.end('<html>')),
    huge: () => datadog(endless('{"name":"a"},'.repeat(50_000))),
  },
  { secrets: [SECRET] },
);

const cloudwatch = async (handle: TestServer['handle'], patience = usual) => {
  const { url } = await serve(handle);
  return read({ kind: 'cloudwatch', place: awsAt(url).place }, patience);
};
const alarms = (names: string[], more: object = {}) =>
  cloudwatch((_, response) => {
    const MetricAlarms = names.map((AlarmName) => ({ AlarmName, Threshold: 1, AlarmActions: ['arn'] }));
    json(response, { MetricAlarms, ...more });
  });

conforms(
  'adapters/alerts/alert-sources.ts (CloudWatch)',
  {
    value: () => alarms(['Other', 'ErrorRate']),
    none: () => alarms(['Other']),
    hidden: () => alarms([]),
    partial: () => alarms(['Other'], { NextToken: 'the same again and again' }),
    error: () => cloudwatch((_, response) => json(response, { __type: 'AccessDenied', message: AWS_SECRET }, 403)),
    hang: () => cloudwatch(() => {}, hasty),
    nonsense: () => cloudwatch((_, response) => response.end('<html>')),
    huge: () => cloudwatch(endless('{"MetricAlarms":['.repeat(50_000))),
  },
  { secrets: [AWS_SECRET] },
);
