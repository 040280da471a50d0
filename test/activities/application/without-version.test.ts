/** A service that tells no version: what proves a deploy, and what is said to be there before it. */
import { expect, test } from 'vitest';
import { createHttpActivities } from '../../../src/activities/application/endpoints.js';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { createVerificationActivities } from '../../../src/activities/verification.js';
import type { HealthReading } from '../../../src/contract/plan/application.js';
import { toldTime } from '../../../src/domain/told-time.js';
import { json, serve } from '../../helpers/server.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../support.js';

const KEY = { deployment: 'd', step: 'production.health', generation: 1 };
const BEGAN = Date.UTC(2026, 10, 26, 12, 0, 30);
const NONE: HealthReading = { version: 'none', startedAt: { field: 'since' } };
const running = (version: string): HealthReading => ({
  version: {
    runs: commandWith(['sh', '-c', `case "$0" in ${version}) ;; slow) sleep 9 ;; *) exit 1 ;; esac`, '{version}']),
  },
});

async function placeOf(health: HealthReading, body: object = {}) {
  const { url } = await serve((_, response) => json(response, body));
  return {
    environment: environmentWith({ name: 'production', api: url, health }),
    evidence: { store: temporaryFolder(), deployment: 'd' },
  };
}

async function versionAfterDeploy(health: HealthReading, body: object = {}, version = 'v2') {
  const place = await placeOf(health, body);
  const input = { key: KEY, ...place, path: '/health', version, since: BEGAN, within: 900 };
  const { facts } = await runActivity(() => createHttpActivities().awaitHealth(input));
  expect(facts[0]).toMatchObject({ name: 'status', ok: true });
  return facts.find(({ name }) => name === 'version');
}

test('a start since the deploy began proves it, an earlier one does not, and one that cannot be read is unknown', async () => {
  expect(await versionAfterDeploy(NONE, { since: '2026-11-26T12:00:31Z' })).toMatchObject({
    ok: true,
    text: 'started at 2026-11-26T12:00:31.000Z, since the deploy began; no version is told',
  });
  expect(await versionAfterDeploy(NONE, { since: BEGAN / 1_000 - 60 })).toMatchObject({
    ok: false,
    text: '1 of 1 answers are of before the deploy, which began at 2026-11-26T12:00:30.000Z',
  });
  expect(await versionAfterDeploy(NONE, { since: '2026-11-26T12:00:31' })).toMatchObject({ ok: false, unknown: true });
  expect(await versionAfterDeploy(NONE, {})).toMatchObject({ ok: false, unknown: true });
});

test('a command says whether the version runs; one that does not end leaves it unknown', async () => {
  expect(await versionAfterDeploy(running('v2'))).toMatchObject({ ok: true });
  expect(await versionAfterDeploy(running('v1'))).toMatchObject({
    ok: false,
    text: 'v2 does not run, by the command for it',
  });
  expect(await versionAfterDeploy(running('v1'), {}, 'slow')).toMatchObject({ ok: false, unknown: true });
}, 30_000);

test('where nothing tells, there is no fact of the version: the end of the deploy command is all', async () => {
  expect(await versionAfterDeploy({ version: 'none' })).toBeUndefined();
  const place = await placeOf({ version: 'none' });
  const expected = { version: 'v2' };
  const state = { key: KEY, ...place, healthPath: '/health', expected };
  expect(await runActivity(() => createVerificationActivities().verifyState(state))).toMatchObject({
    summary: 'the health check answers, and tells no version (health.version: none)',
    facts: [],
  });
});

test.each<[string, HealthReading, { version?: string; ok?: boolean }]>([
  ['what was said, where nothing tells', { version: 'none' }, { version: 'v1' }],
  ['what its command says', running('v1'), { version: 'v1', ok: true }],
  ['the release that is to be deployed already, which is a failure', running('v2'), { version: 'v2', ok: false }],
  ['neither release, which is a failure', running('v9'), { ok: false }],
])('production is found to run %s', async (_, health, { version, ok }) => {
  const place = await placeOf(health);
  const expected = { version: 'v1', target: 'v2' };
  const input = { key: KEY, ...place, healthPath: '/health', expected };
  const { checkProduction } = createCommandActivities({ state: temporaryFolder() });
  const { facts, found } = await runActivity(() => checkProduction(input));
  expect(found.version).toBe(version);
  expect(facts.find(({ name }) => name === 'version')?.ok).toBe(ok);
});

test('a health check that does not answer leaves production unknown, whatever it would not tell', async () => {
  const { environment, evidence } = await placeOf({ version: 'none' });
  const input = {
    key: KEY,
    evidence,
    environment: { ...environment, api: 'http://127.0.0.1:9' },
    healthPath: '/health',
  };
  const { checkProduction } = createCommandActivities({ state: temporaryFolder() });
  const report = await runActivity(() => checkProduction({ ...input, expected: { version: 'v1', target: 'v2' } }));
  expect(report.found.version).toBeUndefined();
  expect(report.facts[0]).toMatchObject({ name: 'version', ok: false, unknown: true });
});

test.each<[string, number | undefined]>([
  ['2026-11-26T12:00:30Z', BEGAN],
  ['2026-11-26 13:00:30.000 +01:00', BEGAN],
  [String(BEGAN), BEGAN],
  [String(BEGAN / 1_000), BEGAN],
  ['2026-11-26T12:00:30', undefined],
  ['3 days', undefined],
])('%s is a time that an application tells: %s', (text, at) => {
  expect(toldTime(text)).toBe(at);
});
